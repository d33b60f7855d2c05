-- One row per year, month, school and major in force: intake up to the end of the month (cumulative, docs/data).
select reported.year, submitted.month, reported.school_id, reported.major_code, sum(submitted.registered)::bigint as registered
from submitted_enrolment_monthly as submitted
join reported_row as reported
  on reported.dataset = 'enrolment_monthly' and reported.standing = 'accepted'
 and reported.file = submitted.file and reported.sheet = submitted.sheet and reported."row" = submitted."row"
group by reported.year, submitted.month, reported.school_id, reported.major_code
order by reported.year, submitted.month, reported.school_id, reported.major_code

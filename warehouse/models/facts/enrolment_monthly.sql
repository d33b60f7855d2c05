-- One row per year, month, school and major in force: intake up to the end of the month (cumulative, docs/data).
select reported.year, submitted.month, reported.school_id, reported.major_code, sum(submitted.registered)::bigint as registered
from submitted_enrolment_monthly as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'enrolment_monthly' and reported.standing = 'accepted'
group by reported.year, submitted.month, reported.school_id, reported.major_code
order by reported.year, submitted.month, reported.school_id, reported.major_code

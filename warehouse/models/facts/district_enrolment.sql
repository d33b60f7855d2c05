-- One row per year, month and district: vocational plan and intake, and general intake, up to the end of the month (cumulative).
select submitted.year, submitted.month, submitted.district_code, submitted.vocational_plan, submitted.vocational_registered, submitted.general_registered
from submitted_district_enrolment as submitted
join reported_row as reported
  on reported.dataset = 'district_enrolment' and reported.standing = 'accepted'
 and reported.file = submitted.file and reported.sheet = submitted.sheet and reported."row" = submitted."row"
order by submitted.year, submitted.month, submitted.district_code

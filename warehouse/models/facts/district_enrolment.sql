-- One row per year, month and district: vocational plan and intake, and general intake, up to the end of the month (cumulative).
select submitted.year, submitted.month, submitted.district_code, submitted.vocational_plan, submitted.vocational_registered, submitted.general_registered
from submitted_district_enrolment as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'district_enrolment' and reported.standing = 'accepted'
order by submitted.year, submitted.month, submitted.district_code

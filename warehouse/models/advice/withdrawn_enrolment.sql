-- One row per row handed in that still enrols under a withdrawn code: a warning of its own, as no major in force carries the pupils.
select reported_row.year, reported_row.school_id, reported_row.code, reported_row.written_name, submitted.plan, submitted.registered,
       reported_row.file, reported_row.sheet, reported_row."row"
from reported_row
join submitted_enrolment as submitted
  on submitted.file = reported_row.file and submitted.sheet = reported_row.sheet and submitted."row" = reported_row."row"
where reported_row.dataset = 'enrolment' and reported_row.fault = 'withdrawn_major' and (submitted.plan > 0 or submitted.registered > 0)
order by reported_row.year, reported_row.school_id, reported_row.code, reported_row.file, reported_row."row"

-- One row per school, major in force and course.
select distinct reported.school_id, reported.major_code, submitted.course
from submitted_courses as submitted
join reported_row as reported
  on reported.dataset = 'courses' and reported.standing = 'accepted'
 and reported.file = submitted.file and reported.sheet = submitted.sheet and reported."row" = submitted."row"
order by reported.school_id, reported.major_code, submitted.course

-- One row per school, major in force and course.
select distinct reported.school_id, reported.major_code, submitted.course
from submitted_courses as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'courses' and reported.standing = 'accepted'
order by reported.school_id, reported.major_code, submitted.course

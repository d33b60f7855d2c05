-- One row per year, school and major in force: pupils on the books and those who left without graduating.
select reported.year, reported.school_id, reported.major_code,
       sum(students)::bigint as students,
       sum(leavers)::bigint as leavers
from submitted_roster as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'roster' and reported.standing = 'accepted'
group by reported.year, reported.school_id, reported.major_code
order by reported.year, reported.school_id, reported.major_code

-- 巩固率: students who did not leave, of all students on the books.
select year, school_id, major_code, students - leavers as numerator, students as denominator,
       (students - leavers) / nullif(students, 0) as value
from roster

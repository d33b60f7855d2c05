-- One row per major offered and course: what schools handed in for it, else the core courses of its national introduction.
with offered as (
    select major_code from major_offered
),
taught as (
    select distinct major_code, course from course
)
select offered.major_code, taught.course
from offered
join taught using (major_code)
union
select offered.major_code, builtin_course.course
from offered
join builtin_course using (major_code)
where offered.major_code not in (select major_code from taught)
order by 1, 2

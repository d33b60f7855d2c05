-- One row per way of writing a school: its code, its normalised name where only one school bears it, or a former code or name.
-- `referenced` is the school as written; `school_id` the school of the register that carries its history on.
with named as (
    select school_id as referenced, school_name from schools
    union
    select former_school_id, former_name from submitted_school_changes where former_name is not null
),
written as (
    select school_id as written, school_id as referenced from schools
    union
    select former_school_id, former_school_id from school_succession
    union
    select normalised(school_name), min(referenced)
    from named
    where normalised(school_name) not in (select school_id from schools)
    group by normalised(school_name)
    having count(distinct referenced) = 1
)
select written.written, written.referenced, coalesce(school_succession.school_id, written.referenced) as school_id
from written
left join school_succession on school_succession.former_school_id = written.referenced
where coalesce(school_succession.school_id, written.referenced) in (select school_id from schools)
order by written.written

-- One row per way of writing a school: its code, or its normalised name where only one school bears it.
select school_id as written, school_id from schools
union
select normalised(school_name) as written, min(school_id) as school_id
from schools
where normalised(school_name) not in (select school_id from schools)
group by all
having count(*) = 1
order by written

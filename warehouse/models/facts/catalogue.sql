-- One row per major in force: the catalogue handed in, where there is one, else the built-in one (docs/data).
with latest as (
    select major_code, max_by(struct_pack(major_name, class_code, class_name, group_code, group_name), file_rank) as entry
    from submitted_catalogue
    group by major_code
)
select major_code, entry.major_name, entry.class_code, entry.class_name, entry.group_code, entry.group_name
from latest
union all
select major_code, major_name, class_code, class_name, group_code, group_name
from builtin_catalogue
where not exists (select 1 from submitted_catalogue)
order by major_code

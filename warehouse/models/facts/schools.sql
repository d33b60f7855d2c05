-- One row per school of the register; a later submission replaces an earlier one.
with latest as (
    select school_id, max_by(struct_pack(school_name, district_code, district_name, ownership), file_rank) as entry
    from submitted_schools
    group by school_id
)
select school_id, entry.school_name, entry.district_code,
       coalesce(entry.district_name, entry.district_code) as district_name, entry.ownership
from latest
order by school_id

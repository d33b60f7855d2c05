-- One row per school and major: the years it is known in, and where its catalogue code comes from.
-- catalogue_status: withdrawn where the crosswalk leads from the code, still in the catalogue, to none; merged, renamed, in_force;
-- new where a crosswalk is known and nothing leads to the code.
with predecessor as (
    select new_code as major_code, count(distinct old_code) as old_codes,
           bool_or(change = '合并') as is_merged,
           bool_or(change = '更名' or old_name <> new_name) as is_renamed
    from crosswalk
    where new_code is not null and change is distinct from '拆分'
    group by new_code
),
withdrawn as (
    select old_code as major_code from crosswalk group by old_code having max(new_code) is null
)
select offering_year.school_id, offering_year.major_code, max_by(offering_year.area_id, offering_year.year) as area_id,
       min(offering_year.year) as first_year, max(offering_year.year) as last_year,
       min(offering_year.year) filter (where offering_year.is_active) as first_active_year,
       min(case when withdrawn.major_code is not null then 'withdrawn'
                when predecessor.is_merged or predecessor.old_codes > 1 then 'merged'
                when predecessor.is_renamed then 'renamed'
                when predecessor.major_code is null and exists (select 1 from crosswalk) then 'new'
                else 'in_force' end) as catalogue_status
from offering_year
left join predecessor on predecessor.major_code = offering_year.major_code
left join withdrawn on withdrawn.major_code = offering_year.major_code
group by offering_year.school_id, offering_year.major_code
order by offering_year.school_id, offering_year.major_code

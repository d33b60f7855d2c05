-- One row per year and ordered pair of schools of one area with a major in common: Jaccard similarity of their active majors (Jaccard 1901).
with held as (
    select year, area_id, school_id, count(*) as majors from active_offering group by year, area_id, school_id
),
common as (
    select one.year, one.school_id, other.school_id as other_id, count(*) as common
    from active_offering as one
    join active_offering as other
      on other.year = one.year and other.area_id = one.area_id and other.major_code = one.major_code and other.school_id <> one.school_id
    group by one.year, one.school_id, other.school_id
)
select common.year, common.school_id, common.other_id, common.common,
       common.common / (own.majors + other.majors - common.common) as jaccard
from common
join held as own on own.year = common.year and own.school_id = common.school_id
join held as other on other.year = common.year and other.school_id = common.other_id
order by common.year, common.school_id, common.other_id

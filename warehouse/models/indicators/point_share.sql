-- 布点占比 (布点率): schools of the area that offer this major, of the schools of the area that offer anything that year.
-- Definition published by 广西, 2023.
with schools_of_area as (
    select year, area_id, count(distinct school_id) as schools from active_offering group by year, area_id
)
select active_offering.year, active_offering.school_id, active_offering.major_code,
       same_major_points.numerator, schools_of_area.schools as denominator,
       same_major_points.numerator / schools_of_area.schools as value
from active_offering
join same_major_points using (year, school_id, major_code)
join schools_of_area using (year, area_id)

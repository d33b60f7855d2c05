-- 区域排名: rank by registered among the active offerings of this major in the area, largest first; ties share the better rank.
select year, school_id, major_code,
       rank() over (partition by year, area_id, major_code order by registered desc) as numerator,
       count(*) over (partition by year, area_id, major_code) as denominator,
       (rank() over (partition by year, area_id, major_code order by registered desc))::double as value
from active_offering

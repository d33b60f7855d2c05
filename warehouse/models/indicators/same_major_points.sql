-- 同专业布点数: active offerings of this major in the area that year, this one included.
select year, school_id, major_code,
       count(*) over (partition by year, area_id, major_code) as numerator, null::bigint as denominator,
       (count(*) over (partition by year, area_id, major_code))::double as value
from active_offering

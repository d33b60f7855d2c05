-- 区域份额: registered here, of all registered for this major in the area.
select year, school_id, major_code, registered as numerator,
       (sum(registered) over same_major)::bigint as denominator,
       registered / nullif(sum(registered) over same_major, 0) as value
from active_offering
window same_major as (partition by year, area_id, major_code)

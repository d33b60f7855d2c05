-- 计划完成率: registered against plan, of active offerings; above 1 where more came than planned.
select year, school_id, major_code, registered as numerator, plan as denominator,
       registered / nullif(plan, 0) as value
from active_offering

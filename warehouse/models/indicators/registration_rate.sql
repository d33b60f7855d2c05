-- 报到率: registered against admitted, of active offerings.
select year, school_id, major_code, registered as numerator, admitted as denominator,
       registered / nullif(admitted, 0) as value
from active_offering

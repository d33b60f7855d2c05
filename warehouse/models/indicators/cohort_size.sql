-- 招生规模: registered, of active offerings.
select year, school_id, major_code, registered as numerator, null::bigint as denominator, registered::double as value
from active_offering

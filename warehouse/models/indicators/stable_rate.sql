-- 就业稳定率: in stable work, of all employed.
select year, school_id, major_code, stable as numerator, employed as denominator,
       stable / nullif(employed, 0) as value
from graduates

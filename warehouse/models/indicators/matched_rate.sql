-- 对口就业率: employed in work that matches the major, of all employed (further study is not in the denominator).
select year, school_id, major_code, matched as numerator, employed as denominator,
       matched / nullif(employed, 0) as value
from graduates

-- 直接就业率: employed, of the graduates who did not go on to study.
select year, school_id, major_code, employed as numerator, graduates - further_study as denominator,
       employed / nullif(graduates - further_study, 0) as value
from graduates

-- 就业率: graduates employed or in further study, of all graduates.
select year, school_id, major_code, employed + further_study as numerator, graduates as denominator,
       (employed + further_study) / nullif(graduates, 0) as value
from graduates

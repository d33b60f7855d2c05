-- 升学率: in further study, of all graduates.
select year, school_id, major_code, further_study as numerator, graduates as denominator,
       further_study / nullif(graduates, 0) as value
from graduates

-- 核实差: the share of graduates that the school reports as employed, less the share of the sample that a third party found employed.
select graduates.year, graduates.school_id, graduates.major_code, null::bigint as numerator, null::bigint as denominator,
       graduates.employed / nullif(graduates.graduates, 0) - evaluation.verified_employed / nullif(evaluation.sample, 0) as value
from graduates
join evaluation using (year, school_id, major_code)

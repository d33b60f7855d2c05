-- 在校生规模: students on the books.
select year, school_id, major_code, students as numerator, null::bigint as denominator, students::double as value
from roster

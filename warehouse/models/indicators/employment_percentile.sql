-- 就业位次: among the offerings of the area that graduated anyone that year, the share whose employment rate is not above this one's.
with ranked as (
    select employment_rate.year, employment_rate.school_id, employment_rate.major_code,
           cume_dist() over (partition by employment_rate.year, offering_year.area_id order by employment_rate.value) as value,
           count(*) over (partition by employment_rate.year, offering_year.area_id) as offerings
    from employment_rate
    join offering_year using (year, school_id, major_code)
    where employment_rate.value is not null
)
select year, school_id, major_code, round(value * offerings)::bigint as numerator, offerings as denominator, value
from ranked

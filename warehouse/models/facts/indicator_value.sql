-- One row per year, offering and indicator. 95 % Wilson interval for proportions of persons (Wilson 1927; Brown, Cai and DasGupta 2001),
-- and the median over the offerings of the area that year. `indicator` is the union of all files of models/indicators/.
with bounded as (
    select indicator.*, nullif(indicator.denominator, 0) as n, cast(1.959963984540054 as double) as z,
           dictionary_indicator.is_proportion and indicator.value is not null and numerator between 0 and denominator as has_interval
    from indicator
    join dictionary_indicator using (indicator)
),
interval_of as (
    select *,
           (value + z * z / (2 * n)) / (1 + z * z / n) as centre,
           if(has_interval, z / (1 + z * z / n) * sqrt(value * (1 - value) / n + z * z / (4 * n * n)), null) as reach
    from bounded
)
select interval_of.year, interval_of.school_id, interval_of.major_code, interval_of.indicator,
       interval_of.numerator::bigint as numerator, interval_of.denominator::bigint as denominator, interval_of.value,
       if(has_interval, greatest(0, centre - reach), null) as low,
       if(has_interval, least(1, centre + reach), null) as high,
       median(interval_of.value) over (partition by interval_of.year, interval_of.indicator, offering_year.area_id) as area_median
from interval_of
join offering_year using (year, school_id, major_code)
order by interval_of.year, interval_of.school_id, interval_of.major_code, interval_of.indicator

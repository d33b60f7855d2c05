-- One row per year and offering that graduated anyone: the raw employment rate, beside it the partial-pooling estimate and the rate to expect.
-- Pooling: beta-binomial over the offerings of the same class and area in the year; its mean and prior strength by moments (Kleinman 1973).
-- Expected: what the others of the class, area and year reach, this one left out; `gain` is the difference (增值), with the interval of
-- Newcombe (1998, method 10) from the two Wilson intervals.
with outcomes as (
    select indicator_value.year, indicator_value.school_id, indicator_value.major_code, offering_year.area_id, catalogue.class_code,
           indicator_value.numerator as k, indicator_value.denominator as n, indicator_value.value as rate, indicator_value.low, indicator_value.high
    from indicator_value
    join offering_year using (year, school_id, major_code)
    join catalogue on catalogue.major_code = indicator_value.major_code
    where indicator_value.indicator = 'employment_rate' and indicator_value.value is not null
),
class_total as (
    select year, area_id, class_code, count(*) as members, sum(k) as k, sum(n) as n, sum(k) / sum(n) as mean, sum(n * n) as squares
    from outcomes
    group by year, area_id, class_code
),
class_spread as (
    select class_total.year, class_total.area_id, class_total.class_code,
           sum(outcomes.n * (outcomes.rate - class_total.mean) ** 2) as spread
    from outcomes
    join class_total using (year, area_id, class_code)
    group by class_total.year, class_total.area_id, class_total.class_code
),
class_prior as (
    select class_total.*,
           greatest(0.001, least(0.999,
               (spread - mean * (1 - mean) * (members - 1))
               / nullif(mean * (1 - mean) * (class_total.n - squares / class_total.n - (members - 1)), 0))) as correlation
    from class_total
    join class_spread using (year, area_id, class_code)
),
joined as (
    select outcomes.*, class_prior.members, class_prior.mean,
           if(class_prior.members > 1, 1 / coalesce(class_prior.correlation, 0.001) - 1, null) as strength,
           class_prior.k - outcomes.k as peer_k, class_prior.n - outcomes.n as peer_n, 1.959963984540054 as z
    from outcomes
    join class_prior using (year, area_id, class_code)
),
expected as (
    select *, peer_k / nullif(peer_n, 0) as expected_rate,
           (peer_k + z * z / 2) / (peer_n + z * z) as peer_centre,
           z * sqrt(peer_k * (peer_n - peer_k) / nullif(peer_n, 0) + z * z / 4) / (peer_n + z * z) as peer_reach
    from joined
)
select year, school_id, major_code, rate, n as graduates,
       (k + strength * mean) / (n + strength) as pooled_rate, mean as class_mean, strength as prior_strength,
       expected_rate, rate - expected_rate as gain,
       rate - expected_rate - sqrt((rate - low) ** 2 + (peer_centre + peer_reach - expected_rate) ** 2) as gain_low,
       rate - expected_rate + sqrt((high - rate) ** 2 + (expected_rate - peer_centre + peer_reach) ** 2) as gain_high
from expected
order by year, school_id, major_code

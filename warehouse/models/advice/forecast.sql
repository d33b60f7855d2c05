-- One row per offering with graduates in a year and the year after it: the probability that its employment rate will then be below the
-- policy's target, told only from what was known by the year before. Beside it what happened, and two plain baselines.
-- Model: beta-binomial (Skellam 1948). Prior: mean and strength of the class and area that year; evidence: the last three years, each
-- counting half as much as the one after it; next year's graduates as many as this year's.
with target as (
    select max(threshold) as threshold from policy_condition where indicator = 'employment_rate' and comparison = 'below' and certainty is null
),
outcomes as (
    select indicator_value.year, indicator_value.school_id, indicator_value.major_code, offering_year.area_id,
           indicator_value.numerator as k, indicator_value.denominator as n, indicator_value.value as rate
    from indicator_value
    join offering_year using (year, school_id, major_code)
    where indicator_value.indicator = 'employment_rate' and indicator_value.value is not null
),
area_record as (
    select outcomes.year, outcomes.area_id, sum(k) / sum(n) as mean, avg((rate < threshold)::integer) as share_below
    from outcomes
    cross join target
    group by outcomes.year, outcomes.area_id
),
evidence as (
    select outcomes.year, outcomes.school_id, outcomes.major_code,
           sum(earlier.k * 0.5 ** (outcomes.year - earlier.year)) as k, sum(earlier.n * 0.5 ** (outcomes.year - earlier.year)) as n
    from outcomes
    join outcomes as earlier
      on earlier.school_id = outcomes.school_id and earlier.major_code = outcomes.major_code and earlier.year between outcomes.year - 2 and outcomes.year
    group by outcomes.year, outcomes.school_id, outcomes.major_code
),
prior as (
    select outcomes.year, outcomes.school_id, outcomes.major_code, outcomes.n as graduates, outcomes.rate, area_record.share_below,
           coalesce(pooled_rate.class_mean, area_record.mean) as mean, least(coalesce(pooled_rate.prior_strength, 10), 100) as strength
    from outcomes
    join area_record using (year, area_id)
    join pooled_rate using (year, school_id, major_code)
)
select prior.year + 1 as year, prior.school_id, prior.major_code,
       beta_binomial_below(prior.strength * prior.mean + evidence.k + 0.5, prior.strength * (1 - prior.mean) + evidence.n - evidence.k + 0.5,
                           prior.graduates::double, target.threshold) as probability,
       (prior.rate < target.threshold)::integer::double as last_value, prior.share_below as area_mean,
       (happened.rate < target.threshold)::integer as is_below
from prior
join evidence using (year, school_id, major_code)
cross join target
left join outcomes as happened
  on happened.year = prior.year + 1 and happened.school_id = prior.school_id and happened.major_code = prior.major_code
where target.threshold is not null
order by prior.year, prior.school_id, prior.major_code

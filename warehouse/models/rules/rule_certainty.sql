-- One row per rule condition on a proportion and run: numerators and denominators summed over the run's years, and the posterior
-- probability that the true rate lies on the breaching side of the threshold (design 6, reading 4; Jeffreys prior).
with pooled as (
    select rule_run.year, rule_run.school_id, rule_run.major_code, rule_run.rule_id,
           rule_condition.condition_order, rule_condition.indicator, rule_condition.comparison, rule_condition.threshold,
           sum(rule_condition.numerator) over so_far as k,
           sum(rule_condition.denominator) over so_far as n
    from rule_run
    join rule_condition using (year, school_id, major_code, rule_id)
    where rule_condition.is_proportion
    window so_far as (
        partition by rule_run.rule_id, rule_run.school_id, rule_run.major_code, rule_run.run, rule_condition.condition_order
        order by rule_run.year)
)
select year, school_id, major_code, rule_id, condition_order, indicator, comparison, threshold, k::bigint as k, n::bigint as n,
       case when comparison in ('below', 'at_most') then probability_below(k::double, n::double, threshold)
            else 1 - probability_below(k::double, n::double, threshold) end as certainty
from pooled
order by year, school_id, major_code, rule_id, condition_order

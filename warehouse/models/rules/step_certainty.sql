-- One row per policy step, offering and year, and rule condition on a proportion: numerators and denominators summed over the years
-- that count, and the posterior probability that the true rate lies on the breaching side of the threshold (docs/policy, reading 4; Jeffreys prior).
-- is_certain: as sure as the condition itself asks, else as sure as the step asks.
with pooled as (
    select step_year.year, step_year.school_id, step_year.major_code, step_year.rule_id, step_year.step_order, rule_condition.condition_order,
           min(rule_condition.indicator) as indicator, min(rule_condition.comparison) as comparison, min(rule_condition.threshold) as threshold,
           sum(rule_condition.numerator)::bigint as k, sum(rule_condition.denominator)::bigint as n
    from step_year
    join rule_condition
      on rule_condition.rule_id = step_year.rule_id and rule_condition.school_id = step_year.school_id
     and rule_condition.major_code = step_year.major_code and rule_condition.year = step_year.counted_year
    where rule_condition.is_proportion
    group by step_year.year, step_year.school_id, step_year.major_code, step_year.rule_id, step_year.step_order, rule_condition.condition_order
),
judged as (
    select *, case when comparison in ('below', 'at_most') then probability_below(k::double, n::double, threshold)
                   else 1 - probability_below(k::double, n::double, threshold) end as certainty
    from pooled
)
select judged.year, judged.school_id, judged.major_code, judged.rule_id, judged.step_order, judged.condition_order, judged.indicator,
       judged.comparison, judged.threshold, judged.k, judged.n, judged.certainty,
       judged.certainty >= coalesce(policy_condition.certainty, policy_step.certainty, 0) as is_certain
from judged
join policy_step on policy_step.rule_id = judged.rule_id and policy_step.step_order = judged.step_order
join policy_condition on policy_condition.rule_id = judged.rule_id and policy_condition.condition_order = judged.condition_order
order by judged.year, judged.school_id, judged.major_code, judged.rule_id, judged.step_order, judged.condition_order

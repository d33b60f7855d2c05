-- One row per rule reached by a window and offering and year: with as many persons next year as this year, how many of them must be counted
-- so that the window that moves on by a year no longer holds (docs/policy, reading 4); needed is null where not even all would do.
with kept as (
    select rule_reached.year, rule_reached.school_id, rule_reached.major_code, rule_reached.rule_id, rule_reached.span,
           rule_condition.condition_order, min(rule_condition.indicator) as indicator, min(rule_condition.threshold) as threshold,
           min(coalesce(policy_condition.certainty, policy_step.certainty)) as bar,
           coalesce(sum(rule_condition.numerator) filter (where rule_condition.year > rule_reached.year - rule_reached.span + 1), 0) as k,
           coalesce(sum(rule_condition.denominator) filter (where rule_condition.year > rule_reached.year - rule_reached.span + 1), 0) as n,
           max_by(rule_condition.denominator, rule_condition.year)::bigint as next_n
    from rule_reached
    join policy_step on policy_step.rule_id = rule_reached.rule_id and policy_step.step_order = rule_reached.step_order
    join rule_condition
      on rule_condition.rule_id = rule_reached.rule_id and rule_condition.school_id = rule_reached.school_id
     and rule_condition.major_code = rule_reached.major_code and rule_condition.year between rule_reached.year - rule_reached.span + 1 and rule_reached.year
    join policy_condition
      on policy_condition.rule_id = rule_condition.rule_id and policy_condition.condition_order = rule_condition.condition_order
    where rule_reached.kind = 'window' and rule_condition.is_proportion and not rule_condition.is_missing
      and rule_condition.comparison in ('below', 'at_most')
    group by rule_reached.year, rule_reached.school_id, rule_reached.major_code, rule_reached.rule_id, rule_reached.span, rule_condition.condition_order
),
tried as (
    select kept.*, unnest(range(0, next_n + 1)) as counted from kept
),
enough as (
    select year, school_id, major_code, rule_id, condition_order, min(counted) as needed
    from tried
    where probability_below((k + counted)::double, (n + next_n)::double, threshold) < bar
    group by year, school_id, major_code, rule_id, condition_order
)
-- One condition that no longer holds is enough: the one that asks for the fewest.
select kept.year, kept.school_id, kept.major_code, kept.rule_id, kept.span, kept.indicator, kept.threshold, kept.bar as certainty,
       kept.next_n as next_denominator, enough.needed
from kept
left join enough using (year, school_id, major_code, rule_id, condition_order)
qualify row_number() over (
    partition by kept.year, kept.school_id, kept.major_code, kept.rule_id order by enough.needed nulls last, kept.condition_order) = 1
order by kept.year, kept.school_id, kept.major_code, kept.rule_id

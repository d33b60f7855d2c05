-- One row per rule, offering and year in which the rule reaches a step: the highest one (docs/policy, readings 3 and 4).
-- A rule has no effect on a new offering; a window must reach min_denominator as a whole.
with counted as (
    select year, school_id, major_code, rule_id, step_order, count(*) as run_years
    from step_year
    group by year, school_id, major_code, rule_id, step_order
),
least_certain as (
    select year, school_id, major_code, rule_id, step_order, min(certainty) as certainty, min(n) as n, bool_and(is_certain) as is_certain
    from step_certainty
    group by year, school_id, major_code, rule_id, step_order
),
reached as (
    select counted.year, counted.school_id, counted.major_code, counted.rule_id, counted.step_order, counted.run_years,
           policy_step.kind, policy_step.span, policy_step.level, policy_step.level_rank, least_certain.certainty,
           row_number() over (
               partition by counted.year, counted.school_id, counted.major_code, counted.rule_id
               order by policy_step.level_rank desc, policy_step.step_order desc) as place
    from counted
    join policy_step on policy_step.rule_id = counted.rule_id and policy_step.step_order = counted.step_order
    join policy_rule on policy_rule.rule_id = counted.rule_id
    join rule_state
      on rule_state.year = counted.year and rule_state.school_id = counted.school_id and rule_state.major_code = counted.major_code
     and rule_state.rule_id = counted.rule_id
    left join least_certain
      on least_certain.year = counted.year and least_certain.school_id = counted.school_id and least_certain.major_code = counted.major_code
     and least_certain.rule_id = counted.rule_id and least_certain.step_order = counted.step_order
    where coalesce(least_certain.is_certain, true)
      and (policy_step.kind <> 'window' or (least_certain.n >= policy_rule.min_denominator and counted.run_years >= coalesce(policy_step.years, 1)))
      and not rule_state.is_new
)
select year, school_id, major_code, rule_id, step_order, kind, span, level, level_rank, run_years,
       string_agg(step_year.counted_year::varchar, ';' order by step_year.counted_year) as years, certainty
from reached
join step_year using (year, school_id, major_code, rule_id, step_order)
where place = 1
group by all
order by year, school_id, major_code, rule_id

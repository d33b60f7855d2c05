-- One row per policy step, offering and year, and each year that counts towards the step there (docs/policy, readings 3 and 4).
-- A run counts its breach years; a count the breach years of its span; a window the years of its span that have data.
-- In a window, conditions that are not on a proportion must hold in the year itself, as they can't be pooled.
with run as (
    select ending.year, ending.school_id, ending.major_code, ending.rule_id, policy_step.step_order, counted.year as counted_year
    from policy_step
    join rule_run as ending on ending.rule_id = policy_step.rule_id and ending.run_years >= policy_step.years
    join rule_run as counted
      on counted.rule_id = ending.rule_id and counted.school_id = ending.school_id and counted.major_code = ending.major_code
     and counted.run = ending.run and counted.year <= ending.year
    where policy_step.kind = 'run'
),
counted_breach as (
    select ending.year, ending.school_id, ending.major_code, ending.rule_id, policy_step.step_order, counted.year as counted_year,
           policy_step.years as needed,
           count(*) over (partition by ending.year, ending.school_id, ending.major_code, ending.rule_id, policy_step.step_order) as breaches
    from policy_step
    join rule_run as ending on ending.rule_id = policy_step.rule_id
    join rule_run as counted
      on counted.rule_id = ending.rule_id and counted.school_id = ending.school_id and counted.major_code = ending.major_code
     and counted.year between ending.year - policy_step.span + 1 and ending.year
    where policy_step.kind = 'count'
),
unpooled as (
    select year, school_id, major_code, rule_id, bool_and(holds) as holds
    from rule_condition
    where not is_proportion
    group by year, school_id, major_code, rule_id
),
pooled as (
    select ending.year, ending.school_id, ending.major_code, ending.rule_id, policy_step.step_order, counted.year as counted_year
    from policy_step
    join rule_state as ending on ending.rule_id = policy_step.rule_id and ending.state <> 'missing' and not ending.is_exempt
    join rule_state as counted
      on counted.rule_id = ending.rule_id and counted.school_id = ending.school_id and counted.major_code = ending.major_code
     and counted.year between ending.year - policy_step.span + 1 and ending.year and counted.state <> 'missing'
    left join unpooled
      on unpooled.year = ending.year and unpooled.school_id = ending.school_id
     and unpooled.major_code = ending.major_code and unpooled.rule_id = ending.rule_id
    where policy_step.kind = 'window' and coalesce(unpooled.holds, true)
)
select year, school_id, major_code, rule_id, step_order, counted_year from run
union all
select year, school_id, major_code, rule_id, step_order, counted_year from counted_breach where breaches >= needed
union all
select year, school_id, major_code, rule_id, step_order, counted_year from pooled
order by year, school_id, major_code, rule_id, step_order, counted_year

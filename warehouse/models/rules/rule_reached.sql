-- One row per rule, offering and year in which the rule reaches a step: the highest one (design 6, readings 3 and 4).
-- With grace_years, a rule has no effect on an offering whose first active year is later than year - grace_years,
-- unless that year is the first enrolment year of all data.
with least_certain as (
    select year, school_id, major_code, rule_id, min(certainty) as certainty
    from rule_certainty
    group by year, school_id, major_code, rule_id
),
reached as (
    select rule_run.year, rule_run.school_id, rule_run.major_code, rule_run.rule_id, rule_run.run_years, rule_run.years,
           policy_step.level, policy_step.level_rank, least_certain.certainty,
           row_number() over (
               partition by rule_run.year, rule_run.school_id, rule_run.major_code, rule_run.rule_id
               order by policy_step.level_rank desc, policy_step.step_order desc) as place
    from rule_run
    join policy_step on policy_step.rule_id = rule_run.rule_id and rule_run.run_years >= policy_step.years
    join policy_rule on policy_rule.rule_id = rule_run.rule_id
    join offering on offering.school_id = rule_run.school_id and offering.major_code = rule_run.major_code
    cross join assessment
    left join least_certain
      on least_certain.year = rule_run.year and least_certain.school_id = rule_run.school_id
     and least_certain.major_code = rule_run.major_code and least_certain.rule_id = rule_run.rule_id
    where (policy_step.certainty is null or least_certain.certainty is null or least_certain.certainty >= policy_step.certainty)
      and (policy_rule.grace_years is null or offering.first_active_year is null
           or offering.first_active_year <= rule_run.year - policy_rule.grace_years
           or offering.first_active_year = assessment.first_enrolment_year)
)
select year, school_id, major_code, rule_id, level, level_rank, run_years, years, certainty
from reached
where place = 1
order by year, school_id, major_code, rule_id

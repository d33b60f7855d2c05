-- One row per offering assessed and year: its level, the highest over its rules and escalations, and the plan that follows
-- (design 6, readings 5 and 6). Assessed at a year: active in it, or graduated anyone in it.
with assessed as (
    select offering_year.year, offering_year.school_id, offering_year.major_code,
           if(offering_year.is_active, offering_year.registered, null) as registered, offering_year.graduates
    from offering_year
    join assessed_year using (year)
    where offering_year.is_active or offering_year.graduates > 0
),
reached as (
    select year, school_id, major_code, level_rank, rule_id from rule_reached
    union all
    select year, school_id, major_code, level_rank, null from escalation_reached
),
highest as (
    select year, school_id, major_code, max(level_rank) as level_rank, string_agg(rule_id, ';' order by rule_id) as rules
    from reached
    group by year, school_id, major_code
),
planned as (
    select assessed.year, assessed.school_id, assessed.major_code,
           max(enrolment.year) as plan_year, max_by(enrolment.plan, enrolment.year) as plan
    from assessed
    join enrolment on enrolment.school_id = assessed.school_id and enrolment.major_code = assessed.major_code
                  and enrolment.year <= assessed.year
    group by assessed.year, assessed.school_id, assessed.major_code
)
select assessed.year, assessed.school_id, assessed.major_code, policy_level.level, policy_level.level_rank, policy_level.action,
       coalesce(highest.rules, '') as rules, planned.plan, planned.plan_year,
       case policy_level.action when 'reduce' then floor(planned.plan * (1 - policy_level.cut))::bigint
                                when 'stop' then if(planned.plan is null, null, 0)
                                else planned.plan end as recommended_plan,
       assessed.registered, assessed.graduates
from assessed
left join highest using (year, school_id, major_code)
left join planned using (year, school_id, major_code)
join policy_level on policy_level.level_rank = coalesce(highest.level_rank, 0)
order by assessed.year, assessed.school_id, assessed.major_code

-- One row per offering assessed and year: its level, the highest over its rules and escalations, and the plan that follows
-- (docs/policy, readings 5 and 6). Assessed at a year: active in it, or graduated anyone in it.
-- Where the policy spares the only provider of a major in its district, the highest level that does not stop takes the place of one that does.
with assessed as (
    select offering_year.year, offering_year.school_id, offering_year.major_code, offering_year.is_active,
           if(offering_year.is_active, offering_year.registered, null) as registered, offering_year.graduates,
           offering_year.is_active and count(*) filter (where offering_year.is_active) over (
               partition by offering_year.year, offering_year.district_code, offering_year.major_code) = 1 as is_only_provider
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
milder as (
    select coalesce(max(level_rank), 0) as level_rank from policy_level where action <> 'stop'
),
planned as (
    select assessed.year, assessed.school_id, assessed.major_code,
           max(enrolment.year) as plan_year, max_by(enrolment.plan, enrolment.year) as plan,
           max_by(enrolment.registered, enrolment.year) as last_intake,
           avg(enrolment.registered) filter (where enrolment.year > assessed.year - 3) as mean_intake
    from assessed
    join enrolment on enrolment.school_id = assessed.school_id and enrolment.major_code = assessed.major_code
                  and enrolment.year <= assessed.year
    group by assessed.year, assessed.school_id, assessed.major_code
),
placed as (
    select assessed.year, assessed.school_id, assessed.major_code, max_by(graduates.employed, graduates.year) as employed
    from assessed
    join graduates on graduates.school_id = assessed.school_id and graduates.major_code = assessed.major_code
                  and graduates.year <= assessed.year
    group by assessed.year, assessed.school_id, assessed.major_code
),
levelled as (
    select assessed.*, coalesce(highest.rules, '') as rules, coalesce(highest.level_rank, 0) as reached_rank,
           policy.spare_only_provider and assessed.is_only_provider and reached_level.action = 'stop' as is_spared,
           if(policy.spare_only_provider and assessed.is_only_provider and reached_level.action = 'stop',
              milder.level_rank, coalesce(highest.level_rank, 0)) as level_rank
    from assessed
    cross join policy
    cross join milder
    left join highest using (year, school_id, major_code)
    join policy_level as reached_level on reached_level.level_rank = coalesce(highest.level_rank, 0)
),
proposed as (
    select levelled.*, policy_level.level, policy_level.action, policy_level.plan_rule, planned.plan, planned.plan_year,
           case policy_level.plan_rule when 'cut' then floor(planned.plan * (1 - policy_level.cut))
                                       when 'employed' then if(planned.plan is null, null, least(planned.plan, placed.employed))
                                       when 'intake' then least(planned.plan, floor(planned.mean_intake))
                                       when 'alternate' then if(planned.last_intake > 0, 0, planned.plan) end::bigint as reduced_plan
    from levelled
    join policy_level on policy_level.level_rank = levelled.level_rank
    left join planned using (year, school_id, major_code)
    left join placed using (year, school_id, major_code)
)
select proposed.year, proposed.school_id, proposed.major_code, proposed.level, proposed.level_rank, proposed.action, proposed.plan_rule,
       proposed.rules, proposed.plan, proposed.plan_year,
       case proposed.action when 'reduce' then if(policy.class_size is null, proposed.reduced_plan,
                                                  proposed.reduced_plan // policy.class_size * policy.class_size)
                            when 'stop' then if(proposed.plan is null, null, 0)
                            else proposed.plan end as recommended_plan,
       proposed.registered, proposed.graduates, proposed.is_only_provider, proposed.is_spared
from proposed
cross join policy
order by proposed.year, proposed.school_id, proposed.major_code

-- One row per rule, offering and assessed year: missing, insufficient, breach or pass (docs/policy, readings 2 and 3).
-- An exempt major never breaches: its breaches read as pass. `unjudged` says why the rule could not judge the offering that year:
-- exempt, new (first active later than year - grace_years, unless that is the first enrolment year of all data), too_few, no_figure or an indicator that would divide by 0; empty where it judged.
with judged as (
    select year, school_id, major_code, rule_id,
           bool_or(is_missing) as is_missing, bool_or(is_insufficient) as is_insufficient, bool_and(holds) as holds,
           min(why_missing) as why_missing
    from rule_condition
    group by year, school_id, major_code, rule_id
),
marked as (
    select judged.*,
           exists (select 1 from policy_exempt
                   where policy_exempt.rule_id = judged.rule_id and starts_with(judged.major_code, policy_exempt.prefix)) as is_exempt,
           coalesce(offering.first_active_year > judged.year - policy_rule.grace_years
                    and offering.first_active_year <> assessment.first_enrolment_year, false) as is_new
    from judged
    join policy_rule using (rule_id)
    join offering using (school_id, major_code)
    cross join assessment
)
select year, school_id, major_code, rule_id,
       case when is_missing then 'missing'
            when is_insufficient then 'insufficient'
            when holds and not is_exempt then 'breach'
            else 'pass' end as state,
       is_exempt, is_new,
       case when is_exempt then 'exempt'
            when is_new then 'new'
            when is_missing then why_missing
            when is_insufficient then 'too_few'
            else '' end as unjudged
from marked
order by year, school_id, major_code, rule_id

-- One row per rule, offering and assessed year: missing, insufficient, breach or pass (design 6, readings 2 and 3).
-- An exempt major never breaches: its breaches read as pass.
with judged as (
    select year, school_id, major_code, rule_id,
           bool_or(is_missing) as is_missing, bool_or(is_insufficient) as is_insufficient, bool_and(holds) as holds
    from rule_condition
    group by year, school_id, major_code, rule_id
),
marked as (
    select judged.*,
           exists (select 1 from policy_exempt
                   where policy_exempt.rule_id = judged.rule_id and starts_with(judged.major_code, policy_exempt.prefix)) as is_exempt
    from judged
)
select year, school_id, major_code, rule_id,
       case when is_missing then 'missing'
            when is_insufficient then 'insufficient'
            when holds and not is_exempt then 'breach'
            else 'pass' end as state,
       is_exempt
from marked
order by year, school_id, major_code, rule_id

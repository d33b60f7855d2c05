-- One row per rule, offering and breach year: the run that ends there (docs/policy, reading 3).
-- A run is breach years with no pass between them and no gap of missing or insufficient years longer than max_gap.
with told as (
    select year, school_id, major_code, rule_id, state,
           lag(state) over earlier as state_before,
           year - lag(year) over earlier - 1 as gap
    from rule_state
    where state in ('breach', 'pass')
    window earlier as (partition by rule_id, school_id, major_code order by year)
),
numbered as (
    select told.*,
           sum(if(told.state_before = 'breach' and told.gap <= policy_rule.max_gap, 0, 1)) over (
               partition by told.rule_id, told.school_id, told.major_code order by told.year) as run
    from told
    join policy_rule on policy_rule.rule_id = told.rule_id
    where told.state = 'breach'
)
select year, school_id, major_code, rule_id, run,
       row_number() over so_far as run_years
from numbered
window so_far as (partition by rule_id, school_id, major_code, run order by year)
order by year, school_id, major_code, rule_id

-- One row per offering assessed and year, normal ones too: level, action, plan, the figures beside it, and why.
with reasons as (
    select year, school_id, major_code,
           string_agg(text_zh, ' ' order by kind desc, rule_id) as reason_zh, string_agg(text_en, ' ' order by kind desc, rule_id) as reason_en
    from warning_reason
    group by year, school_id, major_code
),
figures as (
    select year, school_id, major_code,
           max(value) filter (where indicator = 'employment_rate') as employment_rate,
           max(numerator) filter (where indicator = 'employment_rate') as placed,
           max(numerator) filter (where indicator = 'same_major_points') as same_major_points
    from indicator_value
    group by year, school_id, major_code
),
unjudged as (
    select year, school_id, major_code, string_agg(rule_id || ':' || unjudged, ';' order by rule_id) as unjudged
    from rule_state
    where unjudged <> ''
    group by year, school_id, major_code
)
select warning_level.year, warning_level.school_id, warning_level.major_code,
       warning_level.level, warning_level.level_rank, warning_level.action, warning_level.plan_rule, warning_level.rules,
       warning_level.plan, warning_level.plan_year, warning_level.recommended_plan,
       figures.employment_rate, figures.placed, figures.same_major_points, warning_level.registered, warning_level.graduates,
       year_before.level as previous_level, year_before.level_rank as previous_rank,
       warning_level.is_only_provider, warning_level.is_spared, coalesce(unjudged.unjudged, '') as unjudged,
       coalesce(reasons.reason_zh, '') as reason_zh, coalesce(reasons.reason_en, '') as reason_en
from warning_level
left join figures using (year, school_id, major_code)
left join reasons using (year, school_id, major_code)
left join unjudged using (year, school_id, major_code)
left join warning_level as year_before
  on year_before.year = warning_level.year - 1 and year_before.school_id = warning_level.school_id
 and year_before.major_code = warning_level.major_code
order by warning_level.year, warning_level.school_id, warning_level.major_code

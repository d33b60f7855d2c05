-- One row per flagged offering and year: how sure the figures make the level, how stable it is, what would lift it, and what speaks against it.
-- sureness: certain (95 % and more, or a count that is no estimate), likely (80 %), cannot_say. Stability: the level with every rate
-- threshold two points lower and higher, and how many of the published presets flag the offering too.
with flagged as (
    select * from warning where level_rank > 0
),
evidence as (
    select flagged.year, flagged.school_id, flagged.major_code,
           coalesce(max(coalesce(warning_reason.certainty, 1)) filter (where warning_reason.level_rank >= flagged.level_rank),
                    min(coalesce(warning_reason.certainty, 1))) as certainty
    from flagged
    join warning_reason using (year, school_id, major_code)
    where warning_reason.kind = 'rule'
    group by flagged.year, flagged.school_id, flagged.major_code
),
stability as (
    select year, school_id, major_code,
           max(level) filter (where variant = 'lower') as level_lower, max(level) filter (where variant = 'higher') as level_higher,
           count(*) filter (where variant not in ('lower', 'higher')) as presets,
           count(*) filter (where variant not in ('lower', 'higher') and level_rank > 0) as presets_flagging
    from variant_level
    group by year, school_id, major_code
),
needed as (
    select rule_reached.year, rule_reached.school_id, rule_reached.major_code, rule_reached.rule_id, rule_condition.condition_order,
           dictionary_indicator.label_zh, dictionary_indicator.label_en, dictionary_indicator.unit, rule_condition.comparison, rule_condition.threshold,
           case when rule_condition.is_proportion and rule_condition.comparison = 'below' then 'persons'
                when dictionary_indicator.unit = 'ratio' and rule_condition.comparison = 'above' and rule_condition.denominator is not null then 'fewer'
                when dictionary_indicator.unit = 'rank' then 'rank_' || rule_condition.comparison
                else rule_condition.comparison end as way,
           rule_condition.numerator as now, rule_condition.denominator as n,
           case rule_condition.comparison when 'above' then floor(rule_condition.threshold * rule_condition.denominator + 1e-9)
                                          else ceil(rule_condition.threshold * rule_condition.denominator - 1e-9) end::bigint as k
    from rule_reached
    join rule_condition using (year, school_id, major_code, rule_id)
    join dictionary_indicator using (indicator)
    where not (rule_reached.kind = 'window' and rule_condition.is_proportion and rule_condition.comparison in ('below', 'at_most'))
),
lift_of_rule as (
    select year, school_id, major_code, rule_id,
           string_agg(sentence('lift.' || way, 'zh', json_object('indicator', label_zh, 'threshold', figure(threshold, unit, 'zh'), 'k', k, 'n', n, 'now', now::bigint)), '，或' order by condition_order) as lift_zh,
           string_agg(sentence('lift.' || way, 'en', json_object('indicator', label_en, 'threshold', figure(threshold, unit, 'en'), 'k', k, 'n', n, 'now', now::bigint)), ', or ' order by condition_order) as lift_en
    from needed
    group by year, school_id, major_code, rule_id
    union all
    select year, school_id, major_code, rule_id,
           sentence('lift.window' || if(needed is null, '_never', ''), 'zh', json_object('indicator', label_zh, 'threshold', figure(threshold, unit, 'zh'),
               'span', span, 'k', needed, 'n', next_denominator, 'certainty', figure(certainty, 'ratio', 'zh'))),
           sentence('lift.window' || if(needed is null, '_never', ''), 'en', json_object('indicator', label_en, 'threshold', figure(threshold, unit, 'en'),
               'span', span, 'k', needed, 'n', next_denominator, 'certainty', figure(certainty, 'ratio', 'en')))
    from window_lift
    join dictionary_indicator using (indicator)
),
lift as (
    select year, school_id, major_code, string_agg(lift_zh, '；' order by rule_id) as lift_zh, string_agg(lift_en, '; ' order by rule_id) as lift_en
    from lift_of_rule
    group by year, school_id, major_code
),
rate as (
    select now.year, now.school_id, now.major_code, now.value, now.low, now.high, earlier.value as value_before
    from indicator_value as now
    left join indicator_value as earlier
      on earlier.indicator = now.indicator and earlier.year = now.year - 1
     and earlier.school_id = now.school_id and earlier.major_code = now.major_code
    where now.indicator = 'employment_rate' and now.value is not null
),
against as (
    select flagged.year, flagged.school_id, flagged.major_code, 'only_provider' as kind, '{}' as details from flagged where flagged.is_only_provider
    union all
    select flagged.year, flagged.school_id, flagged.major_code, 'improving',
           json_object('before', figure(rate.value_before, 'ratio', 'zh'), 'now', figure(rate.value, 'ratio', 'zh'))
    from flagged
    join rate using (year, school_id, major_code)
    cross join policy_screening
    where rate.value - rate.value_before >= policy_screening.improving
    union all
    select flagged.year, flagged.school_id, flagged.major_code, 'wide',
           json_object('low', figure(rate.low, 'ratio', 'zh'), 'high', figure(rate.high, 'ratio', 'zh'))
    from flagged
    join rate using (year, school_id, major_code)
    cross join policy_screening
    where rate.high - rate.low >= policy_screening.wide and exists (  -- a wide interval says nothing against a rule that asks for other figures
        select 1 from rule_reached
        join policy_condition on policy_condition.rule_id = rule_reached.rule_id and policy_condition.indicator in ('employment_rate', 'employment_percentile')
        where rule_reached.year = flagged.year and rule_reached.school_id = flagged.school_id and rule_reached.major_code = flagged.major_code)
    union all
    select flagged.year, flagged.school_id, flagged.major_code, 'shortage', json_object('vacancies', major_list.vacancies, 'graduates', major_list.graduates)
    from flagged
    join offering_year using (year, school_id, major_code)
    join major_list on major_list.year = flagged.year and major_list.area_id = offering_year.area_id
                   and major_list.major_code = flagged.major_code and major_list.list = 'shortage'
),
counter as (
    select year, school_id, major_code, string_agg(sentence('counter.' || kind, 'zh', details), '；' order by kind) as counter_zh,
           string_agg(sentence('counter.' || kind, 'en', details), '; ' order by kind) as counter_en
    from against
    group by year, school_id, major_code
)
select flagged.year, flagged.school_id, flagged.major_code, flagged.level, flagged.plan_rule,
       case when evidence.certainty >= 0.95 then 'certain' when evidence.certainty >= 0.8 then 'likely' else 'cannot_say' end as sureness,
       coalesce(stability.level_lower, 'normal') as level_lower, coalesce(stability.level_higher, 'normal') as level_higher,
       stability.presets, stability.presets_flagging,
       lift.lift_zh, lift.lift_en, coalesce(counter.counter_zh, '') as counter_zh, coalesce(counter.counter_en, '') as counter_en
from flagged
join evidence using (year, school_id, major_code)
left join stability using (year, school_id, major_code)
left join lift using (year, school_id, major_code)
left join counter using (year, school_id, major_code)
order by flagged.year, flagged.school_id, flagged.major_code

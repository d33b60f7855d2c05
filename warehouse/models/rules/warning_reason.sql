-- One row per rule reached (and per escalation) of an offering and year: run, k, n, certainty, threshold, and the reason in words.
with told_year as (
    select rule_reached.year, rule_reached.school_id, rule_reached.major_code, rule_reached.rule_id,
           rule_condition.condition_order,
           string_agg(sentence('reason.year', 'zh', json_object('year', rule_condition.year, 'value', figure(rule_condition.value, dictionary_indicator.unit, 'zh'),
               'fraction', fraction(rule_condition.numerator, rule_condition.denominator))), '、' order by rule_condition.year) as values_zh,
           string_agg(sentence('reason.year', 'en', json_object('year', rule_condition.year, 'value', figure(rule_condition.value, dictionary_indicator.unit, 'en'),
               'fraction', fraction(rule_condition.numerator, rule_condition.denominator))), ', ' order by rule_condition.year) as values_en
    from rule_reached
    join step_year using (year, school_id, major_code, rule_id, step_order)
    join rule_condition
      on rule_condition.rule_id = step_year.rule_id and rule_condition.school_id = step_year.school_id
     and rule_condition.major_code = step_year.major_code and rule_condition.year = step_year.counted_year
    join dictionary_indicator on dictionary_indicator.indicator = rule_condition.indicator
    group by rule_reached.year, rule_reached.school_id, rule_reached.major_code, rule_reached.rule_id, rule_condition.condition_order
),
told_rule as (
    select told_year.year, told_year.school_id, told_year.major_code, told_year.rule_id,
           string_agg(sentence('reason.condition', 'zh', json_object(
               'indicator', dictionary_indicator.label_zh, 'comparison', sentence('comparison.' || if(dictionary_indicator.unit = 'rank', 'rank_', '') || policy_condition.comparison, 'zh', '{}'),
               'threshold', figure(policy_condition.threshold, dictionary_indicator.unit, 'zh'), 'values', told_year.values_zh)),
               '；' order by told_year.condition_order) as conditions_zh,
           string_agg(sentence('reason.condition', 'en', json_object(
               'indicator', dictionary_indicator.label_en, 'comparison', sentence('comparison.' || if(dictionary_indicator.unit = 'rank', 'rank_', '') || policy_condition.comparison, 'en', '{}'),
               'threshold', figure(policy_condition.threshold, dictionary_indicator.unit, 'en'), 'values', told_year.values_en)),
               '; ' order by told_year.condition_order) as conditions_en
    from told_year
    join policy_condition on policy_condition.rule_id = told_year.rule_id and policy_condition.condition_order = told_year.condition_order
    join dictionary_indicator on dictionary_indicator.indicator = policy_condition.indicator
    where policy_condition.certainty is null or not exists (  -- a second bar on the same indicator would only repeat its values
        select 1 from policy_condition as bar
        where bar.rule_id = told_year.rule_id and bar.indicator = policy_condition.indicator and bar.certainty is null
    )
    group by told_year.year, told_year.school_id, told_year.major_code, told_year.rule_id
),
first_proportion as (
    select year, school_id, major_code, rule_id, min_by(k, condition_order) as k, min_by(n, condition_order) as n,
           min_by(threshold, condition_order) as threshold, min_by(step_certainty.certainty, condition_order) as certainty
    from step_certainty
    join rule_reached using (year, school_id, major_code, rule_id, step_order)
    group by year, school_id, major_code, rule_id
),
first_condition as (
    select rule_id, min_by(threshold, condition_order) as threshold from policy_condition group by rule_id
),
by_rule as (
    select rule_reached.year, rule_reached.school_id, rule_reached.major_code, rule_reached.rule_id, 'rule' as kind,
           rule_reached.level, rule_reached.level_rank, rule_reached.run_years, rule_reached.years,
           first_proportion.k, first_proportion.n, first_proportion.certainty,
           coalesce(first_proportion.threshold, first_condition.threshold) as threshold,
           json_object('rule', policy_rule.title_zh, 'level', policy_level.title_zh,
                       'counted', sentence('reason.' || rule_reached.kind, 'zh', json_object('years', rule_reached.run_years, 'span', rule_reached.span)),
                       'conditions', told_rule.conditions_zh,
                       'pooled', if(first_proportion.n is null, '', sentence('reason.pooled', 'zh', json_object(
                           'k', first_proportion.k, 'n', first_proportion.n,
                           'certainty', sureness(first_proportion.certainty))))) as details_zh,
           json_object('rule', policy_rule.title_en, 'level', policy_level.title_en,
                       'counted', sentence('reason.' || rule_reached.kind, 'en', json_object('years', rule_reached.run_years, 'span', rule_reached.span)),
                       'conditions', told_rule.conditions_en,
                       'pooled', if(first_proportion.n is null, '', sentence('reason.pooled', 'en', json_object(
                           'k', first_proportion.k, 'n', first_proportion.n,
                           'certainty', sureness(first_proportion.certainty))))) as details_en
    from rule_reached
    join told_rule using (year, school_id, major_code, rule_id)
    join policy_rule using (rule_id)
    join policy_level on policy_level.level_rank = rule_reached.level_rank
    join first_condition using (rule_id)
    left join first_proportion using (year, school_id, major_code, rule_id)
),
escalation_entry as (
    select policy_escalation.escalation_id,
           string_agg(sentence('reason.entry', 'zh', json_object('rule', policy_rule.title_zh, 'level', policy_level.title_zh)), '、'
                      order by policy_rule.rule_order) as entries_zh,
           string_agg(sentence('reason.entry', 'en', json_object('rule', policy_rule.title_en, 'level', policy_level.title_en)), ', '
                      order by policy_rule.rule_order) as entries_en
    from policy_escalation
    join policy_rule using (rule_id)
    join policy_level on policy_level.level_rank = policy_escalation.level_rank
    group by policy_escalation.escalation_id
)
select year, school_id, major_code, rule_id, kind, level, level_rank, run_years, years, k, n, certainty, threshold,
       sentence('reason.rule', 'zh', details_zh) as text_zh, sentence('reason.rule', 'en', details_en) as text_en
from by_rule
union all
select escalation_reached.year, escalation_reached.school_id, escalation_reached.major_code, escalation_reached.escalation_id, 'escalation',
       escalation_reached.level, escalation_reached.level_rank, null, null, null, null, null, null,
       sentence('reason.escalation', 'zh', json_object('entries', escalation_entry.entries_zh, 'level', policy_level.title_zh)),
       sentence('reason.escalation', 'en', json_object('entries', escalation_entry.entries_en, 'level', policy_level.title_en))
from escalation_reached
join escalation_entry using (escalation_id)
join policy_level on policy_level.level_rank = escalation_reached.level_rank
order by year, school_id, major_code, kind desc, rule_id

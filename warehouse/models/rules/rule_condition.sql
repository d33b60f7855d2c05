-- One row per rule condition, offering and assessed year: the value it looks at, and whether it is missing, insufficient or holds
-- (docs/policy, readings 1 and 2). `why_missing` is the indicator itself where it would divide by 0.
with looked_at as (
    select assessed_year.year, offering.school_id, offering.major_code, policy_condition.rule_id, policy_condition.condition_order,
           policy_condition.indicator, policy_condition.comparison, policy_condition.threshold, policy_rule.min_denominator,
           dictionary_indicator.is_proportion,
           indicator.numerator::bigint as numerator, indicator.denominator::bigint as denominator, indicator.value,
           case when indicator.value is null then if(indicator.denominator = 0, indicator.indicator, 'no_figure') end as why_missing
    from offering
    cross join assessed_year
    cross join policy_condition
    join policy_rule on policy_rule.rule_id = policy_condition.rule_id
    join dictionary_indicator on dictionary_indicator.indicator = policy_condition.indicator
    left join indicator
      on indicator.year = assessed_year.year and indicator.school_id = offering.school_id
     and indicator.major_code = offering.major_code and indicator.indicator = policy_condition.indicator
)
select year, school_id, major_code, rule_id, condition_order, indicator, comparison, threshold, is_proportion,
       numerator, denominator, value,
       value is null as is_missing, why_missing,
       value is not null and is_proportion and denominator < min_denominator as is_insufficient,
       coalesce(case comparison when 'below' then value < threshold
                                when 'at_most' then value <= threshold
                                when 'above' then value > threshold
                                when 'at_least' then value >= threshold end, false) as holds
from looked_at
order by year, school_id, major_code, rule_id, condition_order

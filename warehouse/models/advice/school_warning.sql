-- One row per school rule that a school breaks in a year: the figure, the threshold and the sentence.
with told as (
    select year, school_id, 'major_count' as indicator, major_count::double as value from school_indicator
    union all
    select year, school_id, 'pupils_per_major', pupils_per_major from school_indicator
    union all
    select year, school_id, 'overlap_share', overlap_share from school_indicator
    union all
    select year, school_id, 'twin_similarity', twin_similarity from school_indicator
)
select told.year, told.school_id, policy_school_rule.rule_id, told.indicator, told.value, policy_school_rule.comparison, policy_school_rule.threshold
from told
join policy_school_rule using (indicator)
where case policy_school_rule.comparison when 'below' then told.value < policy_school_rule.threshold
                                         else told.value > policy_school_rule.threshold end
order by told.year, told.school_id, policy_school_rule.rule_id

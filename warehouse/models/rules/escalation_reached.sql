-- One row per escalation, offering and year in which every entry of the escalation holds (docs/policy, reading 5).
select rule_reached.year, rule_reached.school_id, rule_reached.major_code, policy_escalation.escalation_id,
       min(policy_escalation.target_level) as level, min(policy_escalation.target_rank) as level_rank
from policy_escalation
join rule_reached on rule_reached.rule_id = policy_escalation.rule_id and rule_reached.level_rank >= policy_escalation.level_rank
group by rule_reached.year, rule_reached.school_id, rule_reached.major_code, policy_escalation.escalation_id
having count(*) = (select count(*) from policy_escalation as entry where entry.escalation_id = policy_escalation.escalation_id)
order by rule_reached.year, rule_reached.school_id, rule_reached.major_code, policy_escalation.escalation_id

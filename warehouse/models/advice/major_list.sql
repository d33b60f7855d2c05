-- One row per assessed year, area and major on one of the three lists that national policy asks for, the first that fits:
-- shortage 重点紧缺 (vacancies far above graduates, or no offering), restrict 限制撤销 (graduates far above vacancies, or most points flagged),
-- upgrade 改造升级 (many points flagged). Where the lines lie is the policy's [lists].
with judged as (
    select warning.year, offering_year.area_id, warning.major_code, count(*) as points,
           count(*) filter (where policy_level.action in ('reduce', 'stop')) as flagged
    from warning
    join policy_level on policy_level.level = warning.level
    join offering_year using (year, school_id, major_code)
    where offering_year.is_active
    group by warning.year, offering_year.area_id, warning.major_code
),
supply as (
    select indicator_value.year, offering_year.area_id, indicator_value.major_code, min(indicator_value.value) as ratio,
           min(indicator_value.numerator) as graduates, min(indicator_value.denominator) as vacancies
    from indicator_value
    join offering_year using (year, school_id, major_code)
    where indicator_value.indicator = 'supply_demand_ratio'
    group by indicator_value.year, offering_year.area_id, indicator_value.major_code
),
known as (
    select judged.year, judged.area_id, judged.major_code, judged.points, judged.flagged, supply.graduates, supply.vacancies, supply.ratio
    from judged
    left join supply using (year, area_id, major_code)
    union all
    select vacant_major.year, vacant_major.area_id, vacant_major.major_code, 0, 0, 0, vacant_major.vacancies, 0
    from vacant_major
    join assessed_year using (year)
)
select known.year, known.area_id, known.major_code, known.points, known.flagged, known.graduates, known.vacancies, known.ratio,
       case when known.ratio <= policy_lists.shortage_ratio then 'shortage'
            when known.ratio >= policy_lists.restrict_ratio or known.flagged >= policy_lists.restrict_share * known.points then 'restrict'
            else 'upgrade' end as list,
       case when known.points = 0 then 'vacant'
            when known.ratio <= policy_lists.shortage_ratio then 'few_graduates'
            when known.ratio >= policy_lists.restrict_ratio then 'many_graduates'
            when known.flagged >= policy_lists.restrict_share * known.points then 'most_flagged'
            else 'many_flagged' end as list_reason
from known
cross join policy_lists
where known.ratio <= policy_lists.shortage_ratio or known.ratio >= policy_lists.restrict_ratio
   or (known.points > 0 and known.flagged >= policy_lists.upgrade_share * known.points)
order by known.year, known.area_id, list, known.major_code

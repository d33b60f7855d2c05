-- One row per past warning that two further years are known of: what was decided, and how the employment rate moved from the warned year to
-- two years later, against the not warned offering of the same major group whose rate was the nearest above. A low year is often a chance
-- low year, so rates rise again without any help (regression to the mean); the comparison takes away that part only as far as the
-- compared offering was as low.
with rate as (
    select year, school_id, major_code, numerator, denominator, value
    from indicator_value
    where indicator = 'employment_rate' and value is not null
),
moved as (
    select warning.year, warning.school_id, warning.major_code, catalogue.group_code, warning.level, warning.level_rank,
           before.value as rate_before, later.value as rate_after, later.value - before.value as rate_change,
           warning.registered as registered_before, enrolment.registered as registered_after
    from warning
    join catalogue using (major_code)
    join rate as before on before.year = warning.year and before.school_id = warning.school_id and before.major_code = warning.major_code
    left join rate as later on later.year = warning.year + 2 and later.school_id = warning.school_id and later.major_code = warning.major_code
    left join enrolment on enrolment.year = warning.year + 2 and enrolment.school_id = warning.school_id and enrolment.major_code = warning.major_code
    where warning.year + 2 <= (select assessment_year from assessment)
),
beside as (
    select *,
           first_value(if(level_rank = 0 and rate_change is not null, rate_change, null) ignore nulls) over above as change_compared
    from moved
    window above as (partition by year, group_code order by rate_before, school_id, major_code rows between 1 following and unbounded following)
)
select beside.year, beside.school_id, beside.major_code, beside.level, coalesce(case_state.act, 'none') as act,
       rate_before, rate_after, rate_change, change_compared, rate_change - change_compared as difference, registered_before, registered_after
from beside
left join case_state on case_state.year = beside.year and case_state.school_id = beside.school_id and case_state.major_code = beside.major_code
where beside.level_rank > 0
order by beside.year, beside.school_id, beside.major_code

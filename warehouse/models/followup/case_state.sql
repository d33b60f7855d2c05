-- One row per offering and year with a decision behind it: the last decision up to that year that nobody undid, and the state it leaves.
with years as (
    select unnest(generate_series(first_year, assessment_year))::integer as year from assessment
)
select years.year, decided.school_id, decided.major_code, decided.number, decided.year as decided_year, decided.act, decided.case_state,
       decided.plan as decided_plan, decided.until
from years
join ledger_entry as decided on decided.year <= years.year
where decided.is_effective and decided.sort = 'decision'
qualify row_number() over (partition by years.year, decided.school_id, decided.major_code order by decided.number desc) = 1
order by years.year, decided.school_id, decided.major_code

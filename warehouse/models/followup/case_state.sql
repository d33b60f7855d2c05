-- One row per offering and year with a decision behind it: the last decision up to that year that nobody undid, and the state it leaves.
with decided as (
    select *, row_number() over (partition by school_id, major_code order by number) as place
    from ledger_entry
    where is_effective and act in ('observe', 'rectify', 'reduce', 'stop', 'withdraw', 'resume', 'postpone', 'dismiss', 'exempt')
),
years as (
    select unnest(generate_series(first_year, assessment_year))::integer as year from assessment
)
select years.year, decided.school_id, decided.major_code,
       max_by(decided.number, place) as number, max_by(decided.year, place) as decided_year, max_by(decided.act, place) as act,
       max_by(decided.case_state, place) as case_state, max_by(decided.plan, place) as decided_plan, max_by(decided.until, place) as until
from years
join decided on decided.year <= years.year
group by years.year, decided.school_id, decided.major_code
order by years.year, decided.school_id, decided.major_code

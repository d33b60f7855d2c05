-- One row per offering and year, from the first it is known in to the assessment year: how many years in a row nobody registered, 0 where
-- somebody did in that very year.
with years as (
    select unnest(generate_series(first_year, assessment_year))::integer as year from assessment
)
select years.year, offering.school_id, offering.major_code,
       years.year - coalesce(max(enrolment.year), min(offering.first_year) - 1) as years_without_intake
from offering
join years on years.year >= offering.first_year
left join enrolment
  on enrolment.school_id = offering.school_id and enrolment.major_code = offering.major_code
 and enrolment.year <= years.year and enrolment.registered > 0
group by years.year, offering.school_id, offering.major_code
order by years.year, offering.school_id, offering.major_code

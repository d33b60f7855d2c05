-- One row per year that is assessed: every year from the first with data to the assessment year.
select unnest(generate_series(first_year, assessment_year))::integer as year
from assessment

-- One row per year, area and major: vacancies of the area. In a city the city's own figure, where there is one, else the sum of its districts.
with summed as (
    select demand.year, if(policy.area = 'district', demand.district_code, 'city') as area_id, demand.major_code,
           sum(demand.vacancies) filter (where demand.district_code = '') as stated,
           sum(demand.vacancies) filter (where demand.district_code <> '') as of_districts
    from demand
    cross join policy
    where demand.major_code is not null and (policy.area = 'city' or demand.district_code <> '')
    group by all
)
select year, area_id, major_code, coalesce(stated, of_districts)::bigint as vacancies
from summed
order by year, area_id, major_code

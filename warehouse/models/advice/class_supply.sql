-- One row per year, area and class that graduates anyone or that employers look for: graduates, vacancies and their ratio.
with supply as (
    select graduates.year, offering_year.area_id, catalogue.class_code, sum(graduates.graduates) as graduates
    from graduates
    join offering_year using (year, school_id, major_code)
    join catalogue on catalogue.major_code = graduates.major_code
    group by graduates.year, offering_year.area_id, catalogue.class_code
),
wanted as (
    select demand.year, if(policy.area = 'district', demand.district_code, 'city') as area_id, demand.class_code,
           sum(demand.vacancies) filter (where demand.district_code = '') as stated,
           sum(demand.vacancies) filter (where demand.district_code <> '') as of_districts
    from demand
    cross join policy
    where policy.area = 'city' or demand.district_code <> ''
    group by all
),
classes as (
    select class_code, min(class_name) as class_name from catalogue group by class_code
)
select year, area_id, class_code, classes.class_name, coalesce(supply.graduates, 0)::bigint as graduates,
       coalesce(wanted.stated, wanted.of_districts)::bigint as vacancies,
       coalesce(supply.graduates, 0) / nullif(coalesce(wanted.stated, wanted.of_districts), 0) as ratio
from supply
full join wanted using (year, area_id, class_code)
join classes using (class_code)
where year in (select year from demand)
order by year, area_id, class_code

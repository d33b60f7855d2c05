-- 供需比: graduates of the major in the area, for every vacancy for it there that year.
with supply as (
    select graduates.year, offering_year.area_id, graduates.major_code, sum(graduates.graduates) as graduates
    from graduates
    join offering_year using (year, school_id, major_code)
    group by graduates.year, offering_year.area_id, graduates.major_code
)
select graduates.year, graduates.school_id, graduates.major_code, supply.graduates as numerator, area_vacancy.vacancies as denominator,
       supply.graduates / nullif(area_vacancy.vacancies, 0) as value
from graduates
join offering_year using (year, school_id, major_code)
join supply on supply.year = graduates.year and supply.area_id = offering_year.area_id and supply.major_code = graduates.major_code
join area_vacancy
  on area_vacancy.year = graduates.year and area_vacancy.area_id = offering_year.area_id and area_vacancy.major_code = graduates.major_code

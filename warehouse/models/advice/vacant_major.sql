-- One row per year, area and major that employers look for and no school of the area enrols for (空白专业).
select area_vacancy.year, area_vacancy.area_id, area_vacancy.major_code, area_vacancy.vacancies
from area_vacancy
where area_vacancy.vacancies > 0
  and not exists (select 1 from active_offering
                  where active_offering.year = area_vacancy.year and active_offering.area_id = area_vacancy.area_id
                    and active_offering.major_code = area_vacancy.major_code)
order by area_vacancy.year, area_vacancy.area_id, area_vacancy.vacancies desc, area_vacancy.major_code

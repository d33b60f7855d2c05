-- One row per year, district (empty: the whole city) and major, or class where employers name no major: vacancies.
select reported.year, coalesce(submitted.district_code, '') as district_code, reported.major_code,
       coalesce(catalogue.class_code, submitted.class_code) as class_code, sum(submitted.vacancies)::bigint as vacancies
from submitted_demand as submitted
join reported_row as reported using (file, sheet, "row")
left join catalogue on catalogue.major_code = reported.major_code
where reported.dataset = 'demand' and reported.standing = 'accepted'
group by all
order by reported.year, district_code, class_code, reported.major_code nulls first

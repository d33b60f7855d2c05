-- One row per year, district (empty: the whole city) and industry: persons working in it.
select submitted.year, coalesce(submitted.district_code, '') as district_code, submitted.industry, submitted.employment, submitted.output
from submitted_industry as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'industry' and reported.standing = 'accepted'
order by submitted.year, district_code, submitted.industry

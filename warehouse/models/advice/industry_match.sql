-- One row per year, area and industry: share of pupils trained for it (majors led to industries by the reference table, weighted by pupils),
-- share of employment, and the location quotient of the first to the second (Florence 1939). Only years for which both are known.
-- Pupils are one quantity in a year and area: those on the books where rosters speak of as many offerings as intakes do, else the intake.
with area as (
    select distinct year, area_id from offering_year
),
counted as (
    select offering_year.year, offering_year.area_id, offering_year.major_code,
           if(count(roster.students) over of_area >= count(offering_year.registered) over of_area, roster.students, offering_year.registered) as pupils
    from offering_year
    left join roster using (year, school_id, major_code)
    window of_area as (partition by offering_year.year, offering_year.area_id)
),
trained as (
    select counted.year, counted.area_id, builtin_group_industry.industry, sum(counted.pupils * builtin_group_industry.weight::double) as pupils
    from counted
    join catalogue using (major_code)
    join builtin_group_industry using (group_code)
    group by counted.year, counted.area_id, builtin_group_industry.industry
),
stated as (
    select area.year, area.area_id, industry.industry,
           sum(industry.employment) filter (where industry.district_code = area.area_id) as own,
           sum(industry.employment) filter (where industry.district_code = '') as of_city,
           sum(industry.employment) filter (where industry.district_code <> '') as of_districts
    from area
    join industry using (year)
    group by area.year, area.area_id, industry.industry
),
worked as (
    select year, area_id, industry, if(area_id = 'city', coalesce(of_city, of_districts), own) as employment from stated
),
both_known as (
    select coalesce(trained.year, worked.year) as year, coalesce(trained.area_id, worked.area_id) as area_id,
           coalesce(trained.industry, worked.industry) as industry,
           coalesce(trained.pupils, 0) as pupils, coalesce(worked.employment, 0) as employment
    from trained
    full join worked using (year, area_id, industry)
),
shared as (
    select *, pupils / nullif(sum(pupils) over of_area, 0) as pupil_share, employment / nullif(sum(employment) over of_area, 0) as employment_share
    from both_known
    window of_area as (partition by year, area_id)
)
select year, area_id, industry, pupils, employment::bigint as employment, pupil_share, employment_share,
       pupil_share / nullif(employment_share, 0) as location_quotient
from shared
where pupil_share is not null and employment_share is not null and pupils + employment > 0
order by year, area_id, industry

-- One row per year, school and major with any enrolment, graduates or roster row. Active: plan > 0 or registered > 0 (docs/data).
-- A school that moved to another district counts, for the years before, where it lay then.
with keys as (
    select year, school_id, major_code from enrolment
    union select year, school_id, major_code from graduates
    union select year, school_id, major_code from roster
)
select keys.year, keys.school_id, keys.major_code, schools.district_code,
       if(policy.area = 'district',
          coalesce((select min_by(change.former_district_code, change.year) from school_change as change
                    where change.school_id = keys.school_id and change.year > keys.year and change.former_district_code is not null),
                   schools.district_code), 'city') as area_id,
       coalesce(enrolment.plan > 0 or enrolment.registered > 0, false) as is_active,
       enrolment.plan, enrolment.registered, graduates.graduates
from keys
cross join policy
join schools on schools.school_id = keys.school_id
left join enrolment on enrolment.year = keys.year and enrolment.school_id = keys.school_id and enrolment.major_code = keys.major_code
left join graduates on graduates.year = keys.year and graduates.school_id = keys.school_id and graduates.major_code = keys.major_code
order by keys.year, keys.school_id, keys.major_code

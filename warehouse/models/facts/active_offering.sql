-- One row per year and active offering: the enrolment figures that enrolment and duplication indicators are made from.
select enrolment.year, enrolment.school_id, enrolment.major_code, offering_year.area_id,
       enrolment.plan, enrolment.applied, enrolment.admitted, enrolment.registered
from enrolment
join offering_year using (year, school_id, major_code)
where offering_year.is_active
order by enrolment.year, enrolment.school_id, enrolment.major_code

-- One row per year and offering with pupils due to graduate (registered `years_of_study` years before) and no graduates row: 未报送.
-- Only years for which anyone reported graduates.
select enrolment.year + policy.years_of_study as year, enrolment.school_id, enrolment.major_code, enrolment.registered as due
from enrolment
cross join policy
where enrolment.registered > 0
  and enrolment.year + policy.years_of_study in (select year from graduates)
  and not exists (select 1 from graduates
                  where graduates.year = enrolment.year + policy.years_of_study and graduates.school_id = enrolment.school_id
                    and graduates.major_code = enrolment.major_code)
order by 1, 2, 3

-- One row: the years assessed in this snapshot, from the first with data to the one asked for (else the latest graduates year).
select coalesce((select requested_year from run_setting),
                (select max(year) from graduates),
                (select max(year) from enrolment)) as assessment_year,
       (select min(year) from offering_year) as first_year,
       (select max(year) from offering_year) as last_year,
       (select min(year) from enrolment) as first_enrolment_year

-- One row per major in force that any school enrolled for, had on its books or graduated.
select major_code from enrolment
union
select major_code from graduates
union
select major_code from roster
order by major_code

-- One row per way of writing a major code: the code meant, and the one major in force that it leads to.
-- standing: in_force, carried_over, split (candidates named), withdrawn, unknown.
with recursive written as (
    select major_code as written from handed_in where major_code is not null
    union
    select major_code from submitted_graduate_records
),
known as (
    select major_code as code from catalogue union select old_code from crosswalk
),
meant as (
    select written,
           if(written not in (select code from known) and regexp_full_match(written, '\d{5}')
              and '0' || written in (select code from known), '0' || written, written) as code
    from written
),
leads as (
    select distinct code, code as reached from meant
    union
    select leads.code, crosswalk.new_code
    from leads
    join crosswalk on crosswalk.old_code = leads.reached
    where crosswalk.new_code is not null and leads.reached not in (select major_code from catalogue)
),
reached as (
    select leads.code, count(*) as majors, min(catalogue.major_code) as major_code,
           string_agg(catalogue.major_code || ' ' || catalogue.major_name, '、' order by catalogue.major_code) as candidates
    from leads
    join catalogue on catalogue.major_code = leads.reached
    group by leads.code
)
select meant.written, meant.code,
       if(reached.majors = 1, reached.major_code, null) as major_code,
       case when reached.majors = 1 and reached.major_code = meant.code then 'in_force'
            when reached.majors = 1 then 'carried_over'
            when reached.majors > 1 then 'split'
            when meant.code in (select old_code from crosswalk) then 'withdrawn'
            else 'unknown' end as standing,
       reached.candidates
from meant
left join reached on reached.code = meant.code
order by meant.written

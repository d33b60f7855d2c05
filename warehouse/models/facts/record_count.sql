-- One row per file, sheet, year, school and major as written: its student records, counted. Of a student handed in again, the later file counts.
-- A record that refers to no known school or major is listed by itself. Salaries are added as decimals, exact in any order.
with referred as (
    select submitted.file, submitted.file_rank, submitted.sheet, submitted."row", submitted.year, submitted.student_id,
           submitted.school_id, submitted.school_name, submitted.major_code, submitted.major_name,
           submitted.destination, submitted.matched, cast(submitted.salary as decimal(18, 4)) as salary,
           reported_school.school_id is null or major_reference.major_code is null as is_unresolved
    from submitted_graduate_records as submitted
    left join reported_school
      on reported_school.written_school is not distinct from submitted.school_id
     and reported_school.written_school_name is not distinct from submitted.school_name
    left join major_reference on major_reference.written = submitted.major_code
),
handed_in_again as (
    select year, student_id, max(file_rank) as last_rank
    from referred
    where not is_unresolved
    group by year, student_id
    having count(*) > 1
),
counted as (
    select referred.file, referred.file_rank, referred.sheet, referred.year, referred.school_id, referred.school_name, referred.major_code,
           referred.is_unresolved,
           if(referred.is_unresolved or handed_in_again.last_rank = referred.file_rank, null, handed_in_again.last_rank) as last_rank,
           min(referred."row") as "row", max(referred."row") as last_row, count(*) as row_count, min(referred.major_name) as major_name,
           count(*) filter (where destination = 'employed') as employed,
           count(*) filter (where destination = 'further_study') as further_study,
           count(*) filter (where destination = 'employed' and matched) as matched,
           count(*) filter (where destination = 'employed' and matched is null) as matched_unknown,
           sum(salary) filter (where destination = 'employed') as pay,
           count(*) filter (where destination = 'employed' and salary is null) as pay_unknown
    from referred
    left join handed_in_again on handed_in_again.year = referred.year and handed_in_again.student_id = referred.student_id
    group by referred.file, referred.file_rank, referred.sheet, referred.year, referred.school_id, referred.school_name, referred.major_code,
             referred.is_unresolved,
             if(referred.is_unresolved or handed_in_again.last_rank = referred.file_rank, null, handed_in_again.last_rank),
             if(referred.is_unresolved, referred."row", null)
)
-- Of records that do not count, no outcome is kept: such a line may be one person.
select counted.file, counted.file_rank, counted.sheet, counted."row", counted.last_row, counted.row_count, counted.year,
       counted.school_id as written_school, counted.school_name as written_school_name, counted.major_code as code, counted.major_name as written_name,
       replacing.file as replaced_by,
       if(is_counted, counted.employed, null) as employed,
       if(is_counted, counted.further_study, null) as further_study,
       if(is_counted and counted.matched_unknown = 0, counted.matched, null) as matched,
       if(is_counted and counted.pay_unknown = 0, coalesce(counted.pay, 0), null) as pay
from (select *, not is_unresolved and last_rank is null as is_counted from counted) as counted
left join (select distinct file, file_rank from counted) as replacing on replacing.file_rank = counted.last_rank
order by counted.file, counted.sheet, counted."row"

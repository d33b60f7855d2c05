-- One row per file, sheet, year, school and major as written: its student records, counted. Of a student handed in again, the later file counts.
-- A record that refers to no known school or major is listed by itself. Salaries are added as decimals, exact in any order.
with unresolved as (
    select written.school_id, written.school_name, written.major_code, true as is_unresolved
    from (select distinct school_id, school_name, major_code from submitted_graduate_records) as written
    left join reported_school
      on reported_school.written_school is not distinct from written.school_id
     and reported_school.written_school_name is not distinct from written.school_name
    left join major_reference on major_reference.written = written.major_code
    where reported_school.school_id is null or major_reference.major_code is null
),
-- The records are read twice and never held: there may be a hundred million.
handed_in_again as (
    select submitted.year, submitted.student_id, max(submitted.file_rank) as last_rank
    from submitted_graduate_records as submitted
    left join unresolved
      on unresolved.school_id is not distinct from submitted.school_id
     and unresolved.school_name is not distinct from submitted.school_name
     and unresolved.major_code is not distinct from submitted.major_code
    where unresolved.is_unresolved is null
    group by submitted.year, submitted.student_id
    having count(*) > 1
),
referred as (
    select submitted.*, coalesce(unresolved.is_unresolved, false) as is_unresolved,
           if(unresolved.is_unresolved or handed_in_again.last_rank = submitted.file_rank, null, handed_in_again.last_rank) as last_rank
    from submitted_graduate_records as submitted
    left join unresolved
      on unresolved.school_id is not distinct from submitted.school_id
     and unresolved.school_name is not distinct from submitted.school_name
     and unresolved.major_code is not distinct from submitted.major_code
    left join handed_in_again on handed_in_again.year = submitted.year and handed_in_again.student_id = submitted.student_id
),
counted as (
    select file, file_rank, sheet, year, school_id, school_name, major_code, is_unresolved, last_rank,
           min("row") as "row", max("row") as last_row, count(*) as row_count, min(major_name) as major_name,
           count(*) filter (where destination = 'employed') as employed,
           count(*) filter (where destination = 'further_study') as further_study,
           count(*) filter (where destination = 'employed' and matched) as matched,
           count(*) filter (where destination = 'employed' and matched is null) as matched_unknown,
           sum(cast(salary as decimal(18, 4))) filter (where destination = 'employed') as pay,
           count(*) filter (where destination = 'employed' and salary is null) as pay_unknown
    from referred
    group by file, file_rank, sheet, year, school_id, school_name, major_code, is_unresolved, last_rank, if(is_unresolved, "row", null)
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

-- One row per row handed in about an offering, with what became of it: accepted, superseded or rejected.
-- The provenance of every fact: facts are the sums of the accepted rows of one year, school and major in force.
with submitted as (
    select 'enrolment' as dataset, file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null as student_id
    from submitted_enrolment
    union all
    select 'graduates', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null
    from submitted_graduates
    union all
    select 'graduate_records', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, student_id
    from submitted_graduate_records
    union all
    select 'roster', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null
    from submitted_roster
),
resolved as (
    select submitted.*,
           coalesce(by_code.school_id, by_name.school_id, by_written_name.school_id) as known_school_id,
           major_reference.code, major_reference.major_code as major_in_force,
           major_reference.standing as major_standing
    from submitted
    left join school_reference as by_code on by_code.written = submitted.school_id
    left join school_reference as by_name on by_name.written = normalised(submitted.school_name)
    left join school_reference as by_written_name on by_written_name.written = normalised(submitted.school_id)
    left join major_reference on major_reference.written = submitted.major_code
),
-- A record of a graduate is keyed by year and student, everything else by year, school and code as written.
keyed as (
    select *,
           case when student_id is null then known_school_id end as key_school,
           coalesce(student_id, code) as key_code,
           case when known_school_id is null then 'unknown_school'
                when major_in_force is null then major_standing || '_major' end as reference_fault
    from resolved
),
checked as (
    select *,
           coalesce(reference_fault,
                    case when count(*) over (partition by dataset, file, year, key_school, key_code, reference_fault) > 1
                         then 'same_key' end) as fault
    from keyed
),
latest as (
    select *,
           case when fault is null
                then first_value(file) over (partition by dataset, year, key_school, key_code, fault order by file_rank desc) end as latest_file,
           case when fault is null
                then first_value(dataset) over (
                    partition by if(dataset = 'graduate_records', 'graduates', dataset), year, known_school_id, code, fault
                    order by file_rank desc, dataset) end as latest_dataset,
           case when fault is null
                then first_value(file) over (
                    partition by if(dataset = 'graduate_records', 'graduates', dataset), year, known_school_id, code, fault
                    order by file_rank desc, dataset) end as latest_form
    from checked
)
select dataset, year, coalesce(known_school_id, school_id, school_name) as school_id, major_in_force as major_code,
       coalesce(code, major_code) as code, file, sheet, "row",
       case when fault is not null then 'rejected'
            when file <> latest_file or dataset <> latest_dataset then 'superseded'
            else 'accepted' end as standing,
       fault,
       case when file <> latest_file then latest_file
            when dataset <> latest_dataset then latest_form end as replaced_by,
       major_name as written_name,
       coalesce(school_id, school_name) as written_school,
       school_id is null as is_school_by_name
from latest
order by dataset, year, school_id, major_code, file, sheet, "row"

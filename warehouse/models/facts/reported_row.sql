-- One row per row handed in about a school or a major, with what became of it: accepted, superseded or rejected.
-- The provenance of every fact: facts are made from the accepted rows alone. `part` is what else the key holds (student, month, course, district).
with submitted as (
    select 'enrolment' as dataset, file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name,
           null as class_code, null as part, true as needs_school, true as needs_code
    from submitted_enrolment
    union all
    select 'graduates', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null, null, true, true
    from submitted_graduates
    union all
    select 'graduate_records', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null, student_id, true, true
    from submitted_graduate_records
    union all
    select 'roster', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null, null, true, true
    from submitted_roster
    union all
    select 'enrolment_monthly', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null, month::varchar, true, true
    from submitted_enrolment_monthly
    union all
    select 'evaluation', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null, null, true, true
    from submitted_evaluation
    union all
    select 'courses', file, file_rank, sheet, "row", null, school_id, school_name, major_code, major_name, null, course, true, true
    from submitted_courses
    union all
    select 'demand', file, file_rank, sheet, "row", year, null, null, major_code, major_name,
           if(major_code is null, class_code, null), district_code, false, true
    from submitted_demand
    union all
    select 'industry', file, file_rank, sheet, "row", year, null, null, null, null, null, concat_ws('|', coalesce(district_code, ''), industry), false, false
    from submitted_industry
    union all
    select 'district_enrolment', file, file_rank, sheet, "row", year, null, null, null, null, null, concat_ws('|', month, district_code), false, false
    from submitted_district_enrolment
    union all
    select 'quality_reports', file, file_rank, sheet, "row", year, school_id, school_name, null, null, null, null, true, false
    from submitted_quality_reports
    union all
    select 'school_changes', file, file_rank, sheet, "row", year, school_id, school_name, null, null, null, former_school_id, true, false
    from submitted_school_changes
),
resolved as (
    select submitted.*,
           coalesce(by_code.school_id, by_name.school_id, by_written_name.school_id) as known_school_id,
           coalesce(by_code.referenced, by_name.referenced, by_written_name.referenced) as key_school,
           major_reference.code, major_reference.major_code as major_in_force,
           major_reference.standing as major_standing
    from submitted
    left join school_reference as by_code on by_code.written = submitted.school_id
    left join school_reference as by_name on by_name.written = normalised(submitted.school_name)
    left join school_reference as by_written_name on by_written_name.written = normalised(submitted.school_id)
    left join major_reference on major_reference.written = submitted.major_code
),
-- A record of a graduate is keyed by year and student, everything else by year, school, code as written and part.
keyed as (
    select * replace (if(dataset = 'graduate_records', null, key_school) as key_school),
           if(dataset = 'graduate_records', part, concat_ws('|', coalesce(code, class_code), part)) as key_code,
           case when needs_school and known_school_id is null then 'unknown_school'
                when class_code is not null and class_code not in (select class_code from catalogue) then 'unknown_class'
                when needs_code and major_code is null and class_code is null then 'no_code'
                when major_code is not null and major_in_force is null then major_standing || '_major' end as reference_fault,
           coalesce(key_school, '') || '|' || coalesce(code, '') as point
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
           case when fault is null and dataset in ('graduates', 'graduate_records')
                then first_value(dataset) over outcome_form end as latest_dataset,
           case when fault is null and dataset in ('graduates', 'graduate_records')
                then first_value(file) over outcome_form end as latest_form
    from checked
    window outcome_form as (
        partition by dataset in ('graduates', 'graduate_records'), year, point, fault order by file_rank desc, dataset)
)
select dataset, year, coalesce(known_school_id, school_id, school_name) as school_id, major_in_force as major_code,
       coalesce(code, major_code, class_code) as code, file, sheet, "row",
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

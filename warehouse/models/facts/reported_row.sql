-- One row per row handed in, and what became of it: accepted, superseded (by what), or rejected (why); student records by file, school and major.
-- The same key within one file is rejected; in two files the later submission replaces the earlier. `part` is what else the key holds
-- (month, course, district). One form speaks of an offering's graduates: counts, or student records; the later one.
with submitted as (
    select 'enrolment' as dataset, file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name,
           null as class_code, null as part, true as needs_school, true as needs_code
    from submitted_enrolment
    union all
    select 'graduates', file, file_rank, sheet, "row", year, school_id, school_name, major_code, major_name, null, null, true, true
    from submitted_graduates
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
handed_in as (
    select dataset, file, file_rank, sheet, "row", "row" as last_row, 1 as row_count, year, school_id, school_name, major_code, major_name,
           class_code, part, needs_school, needs_code, null as replaced_by
    from submitted
    union all
    select 'graduate_records', file, file_rank, sheet, "row", last_row, row_count, year, written_school, written_school_name, code, written_name,
           null, null, true, true, replaced_by
    from record_count
),
resolved as (
    select handed_in.*, reported_school.school_id as known_school_id, reported_school.referenced as key_school,
           coalesce(major_reference.code, class_code) as key_code, major_reference.code as code,
           major_reference.major_code as major_in_force,
           case when needs_school and reported_school.school_id is null then 'unknown_school'
                when class_code is not null and class_code not in (select class_code from catalogue) then 'unknown_class'
                when needs_code and handed_in.major_code is null and class_code is null then 'no_code'
                when handed_in.major_code is not null and major_reference.major_code is null then major_reference.standing || '_major'
                end as reference_fault
    from handed_in
    left join reported_school
      on reported_school.written_school is not distinct from handed_in.school_id
     and reported_school.written_school_name is not distinct from handed_in.school_name
    left join major_reference on major_reference.written = handed_in.major_code
),
checked as (
    select *,
           coalesce(reference_fault,
                    case when dataset <> 'graduate_records'
                              and count(*) over (partition by dataset, file, year, key_school, key_code, part, reference_fault) > 1
                         then 'same_key' end) as fault
    from resolved
),
latest as (
    select *,
           case when fault is null and dataset = 'graduate_records' then replaced_by
                when fault is null
                then nullif(first_value(file) over (partition by dataset, year, key_school, key_code, part, fault order by file_rank desc), file)
                end as later_file,
           case when fault is null and dataset in ('graduates', 'graduate_records')
                then first_value(dataset) over outcome_form end as latest_dataset,
           case when fault is null and dataset in ('graduates', 'graduate_records')
                then first_value(file) over outcome_form end as latest_form
    from checked
    window outcome_form as (
        partition by dataset in ('graduates', 'graduate_records'), year, key_school, code, fault order by file_rank desc, dataset)
)
select dataset, year, coalesce(known_school_id, school_id, school_name) as school_id, major_in_force as major_code,
       coalesce(code, major_code, class_code) as code, file, sheet, "row", last_row, row_count,
       case when fault is not null then 'rejected'
            when later_file is not null or dataset <> latest_dataset then 'superseded'
            else 'accepted' end as standing,
       fault,
       case when later_file is not null then later_file
            when dataset <> latest_dataset then latest_form end as replaced_by,
       major_name as written_name,
       coalesce(school_id, school_name) as written_school,
       school_id is null as is_school_by_name
from latest
order by dataset, year, school_id, major_code, file, sheet, "row"

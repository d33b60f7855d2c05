-- One row per row handed in, and what became of it: accepted, superseded (by what), or rejected (why); student records by file, school and major.
-- The same key within one file is rejected; in two files the later submission replaces the earlier. `part` is what else the key holds
-- (month, course, district). One form speaks of an offering's graduates: counts, or student records; the later one.
with told as (
    select dataset, file, file_rank, sheet, "row", "row" as last_row, 1 as row_count, year, school_id, school_name, major_code, major_name,
           class_code, part, needs_school, needs_code, null as replaced_by
    from handed_in
    union all
    select 'graduate_records', file, file_rank, sheet, "row", last_row, row_count, year, written_school, written_school_name, code, written_name,
           null, null, true, true, replaced_by
    from record_count
),
resolved as (
    select told.*, reported_school.school_id as known_school_id, reported_school.referenced as key_school,
           coalesce(major_reference.code, class_code) as key_code, major_reference.code as code,
           major_reference.major_code as major_in_force,
           case when needs_school and reported_school.school_id is null then 'unknown_school'
                when class_code is not null and class_code not in (select class_code from catalogue) then 'unknown_class'
                when needs_code and told.major_code is null and class_code is null then 'no_code'
                when told.major_code is not null and major_reference.major_code is null then major_reference.standing || '_major'
                end as reference_fault
    from told
    left join reported_school
      on reported_school.written_school is not distinct from told.school_id
     and reported_school.written_school_name is not distinct from told.school_name
    left join major_reference on major_reference.written = told.major_code
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
       coalesce(major_code, class_code) as written_code, major_name as written_name,
       coalesce(school_id, school_name) as written_school,
       school_id is null as is_school_by_name
from latest
order by dataset, year, school_id, major_code, file, sheet, "row"

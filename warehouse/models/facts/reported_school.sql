-- One row per way that files write a school, by code, by name or both: the school meant, and the school of the register that carries its history on.
with written as (
    select school_id, school_name from handed_in where needs_school
    union
    select school_id, school_name from submitted_graduate_records
)
select written.school_id as written_school, written.school_name as written_school_name,
       coalesce(by_code.school_id, by_name.school_id, by_written_name.school_id) as school_id,
       coalesce(by_code.referenced, by_name.referenced, by_written_name.referenced) as referenced
from written
left join school_reference as by_code on by_code.written = written.school_id
left join school_reference as by_name on by_name.written = normalised(written.school_name)
left join school_reference as by_written_name on by_written_name.written = normalised(written.school_id)
order by written_school, written_school_name

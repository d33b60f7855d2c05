-- One row per accepted row of every form (student records are counted in record_count): what it speaks of, as written.
-- `part` is what else its key holds (month, course, district, a code of the register itself); needs_school and needs_code say what it must refer to.
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
union all
select 'schools', file, file_rank, sheet, "row", null, school_id, null, null, null, null, school_id, false, false
from submitted_schools
union all
select 'crosswalk', file, file_rank, sheet, "row", null, null, null, null, null, null, concat_ws('|', old_code, coalesce(new_code, '')), false, false
from submitted_crosswalk
union all
select 'catalogue', file, file_rank, sheet, "row", null, null, null, null, null, null, major_code, false, false
from submitted_catalogue

-- One row per rejected row or file: where it stands, what was found, and what to do about it.
with unknown_name as (
    select distinct code, written_name from reported_row where fault = 'unknown_major'
),
nearest as (
    select unknown_name.code, unknown_name.written_name, catalogue.major_code || ' ' || catalogue.major_name as suggestion,
           row_number() over (
               partition by unknown_name.code, unknown_name.written_name
               order by coalesce(jaro_winkler_similarity(unknown_name.written_name, catalogue.major_name), 0)
                        + jaro_winkler_similarity(unknown_name.code, catalogue.major_code) / 2 desc, catalogue.major_code
           ) as place
    from unknown_name
    cross join catalogue
),
suggested as (
    select code, written_name, string_agg(suggestion, '、' order by place) as candidates
    from nearest
    where place <= 3
    group by code, written_name
),
candidates as (
    select code, max(candidates) as candidates from major_reference where candidates is not null group by code
),
rejected as (
    select *, fault = 'unknown_school' or fault = 'same_key' and code is null as is_about_school,
           if(is_about_school, written_school, written_code) as value
    from reported_row
    where standing = 'rejected'
),
referred as (
    select rejected.file, rejected.sheet, rejected."row",
           case when rejected.is_about_school then if(rejected.is_school_by_name, 'school_name', 'school_id')
                when rejected.fault = 'unknown_class' then 'class_code'
                when rejected.fault = 'no_code' then 'vacancies'
                else 'major_code' end as column_name,
           rejected.value, rejected.dataset, 'reference.' || rejected.fault as sentence_key,
           json_object('value', rejected.value, 'candidates', coalesce(suggested.candidates, candidates.candidates, '')) as details
    from rejected
    left join suggested on rejected.fault = 'unknown_major' and suggested.code = rejected.code
                       and suggested.written_name is not distinct from rejected.written_name
    left join candidates on candidates.code = rejected.code
)
select file, sheet, "row", header, value, reason_zh, reason_en
from submitted_reject
union all by name
select referred.file, referred.sheet, referred."row",
       coalesce(submitted_header.header, referred.column_name) as header, referred.value,
       sentence(referred.sentence_key, 'zh', referred.details) as reason_zh,
       sentence(referred.sentence_key, 'en', referred.details) as reason_en
from referred
left join submitted_header
  on submitted_header.file = referred.file and submitted_header.sheet = referred.sheet
 and submitted_header.dataset = referred.dataset and submitted_header.column_name = referred.column_name
 and submitted_header.header_row < referred."row"
qualify row_number() over (partition by referred.file, referred.sheet, referred.dataset, referred."row" order by submitted_header.header_row desc) = 1
order by file, sheet nulls first, "row" nulls first, header, value

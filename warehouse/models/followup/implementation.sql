-- One row per decision that sets a plan (the last of its offering and year) and whether next year's enrolment follows it.
-- is_done is null as long as the school has handed in no enrolment of the next year. Pupils still there are taught out (在校生继续培养).
with decided as (
    select *
    from case_state
    where decided_year = year and decided_plan is not null
),
followed as (
    select decided.*, enrolment.plan as next_plan, enrolment.registered as next_registered, roster.students as next_students,
           exists (select 1 from enrolment as any_row where any_row.school_id = decided.school_id and any_row.year = decided.year + 1) as is_reported
    from decided
    left join enrolment on enrolment.year = decided.year + 1 and enrolment.school_id = decided.school_id and enrolment.major_code = decided.major_code
    left join roster on roster.year = decided.year + 1 and roster.school_id = decided.school_id and roster.major_code = decided.major_code
),
judged as (
    select followed.*,
           case when not is_reported then null
                else coalesce(next_plan, 0) <= decided_plan and (decided_plan > 0 or coalesce(next_registered, 0) = 0) end as is_done
    from followed
),
told as (
    select judged.*,
           'implementation.' || case when is_done is null then 'pending' when decided_plan > 0 then 'reduce' when case_state = 'withdrawn' then 'withdraw' else 'stop' end
           || case when is_done is null then '' when is_done then '_done' else '_not_done' end as sentence_key,
           json_object('year', year + 1, 'decided', decided_plan, 'plan', coalesce(next_plan, 0), 'registered', coalesce(next_registered, 0),
                       'students', coalesce(next_students::varchar, '—')) as details
    from judged
)
select year, school_id, major_code, number, act, decided_plan, next_plan, next_registered, next_students, is_done,
       sentence(sentence_key, 'zh', details) as text_zh, sentence(sentence_key, 'en', details) as text_en
from told
order by year, school_id, major_code

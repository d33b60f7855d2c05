-- One row per offering that the policy's terms make a proposal for in the assessment year: withdraw (没有新生达到年限且无在校生; pupils that
-- nobody reported are not taken for none), end_rectifying (整改期满仍预警), resume (整改后不再预警).
with known as (
    select intake_gap.year, intake_gap.school_id, intake_gap.major_code, intake_gap.years_without_intake, roster.students,
           coalesce(case_state.case_state, '') as case_state, coalesce(case_state.until, '') as until,
           coalesce(warning.level_rank, 0) as level_rank
    from intake_gap
    join assessment on assessment.assessment_year = intake_gap.year
    left join roster using (year, school_id, major_code)
    left join case_state using (year, school_id, major_code)
    left join warning using (year, school_id, major_code)
),
proposed as (
    select known.*,
           case when case_state <> 'withdrawn' and years_without_intake >= withdraw_after_years and students = 0 then 'withdraw'
                when case_state = 'rectifying' and level_rank = 0 then 'resume'
                when case_state = 'rectifying' and left(until, 4)::integer <= year and level_rank > 0 then 'end_rectifying'
           end as proposal
    from known
    cross join policy_exit
)
select year, school_id, major_code, proposal, years_without_intake,
       sentence('proposal.' || proposal, 'zh', json_object('years', years_without_intake, 'until', until)) as text_zh,
       sentence('proposal.' || proposal, 'en', json_object('years', years_without_intake, 'until', until)) as text_en
from proposed
where proposal is not null
order by school_id, major_code

-- One row per offering that the policy's terms make a proposal for in the assessment year: withdraw (没有新生达到年限且无在校生),
-- end_rectifying (整改期满仍预警), resume (整改后不再预警).
with known as (
    select offering.school_id, offering.major_code, assessment.assessment_year as year,
           assessment.assessment_year
           - coalesce((select max(year) from enrolment where enrolment.school_id = offering.school_id and enrolment.major_code = offering.major_code
                       and registered > 0 and enrolment.year <= assessment_year), offering.first_year - 1) as years_without_intake,
           coalesce((select sum(students) from roster where roster.school_id = offering.school_id and roster.major_code = offering.major_code
                     and roster.year = assessment_year), 0) as students,
           coalesce(case_state.case_state, '') as case_state, coalesce(case_state.until, '') as until,
           coalesce(warning.level_rank, 0) as level_rank
    from offering
    cross join assessment
    left join case_state
      on case_state.year = assessment.assessment_year and case_state.school_id = offering.school_id and case_state.major_code = offering.major_code
    left join warning
      on warning.year = assessment.assessment_year and warning.school_id = offering.school_id and warning.major_code = offering.major_code
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

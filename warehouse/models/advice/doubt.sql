-- One row per year, offering (or school) and kind of self-reported figure worth a second look (待核实), with its evidence.
-- Never an accusation and never by itself a warning level. Where the lines lie is the policy's [screening].
with outcome as (
    select graduates.*, employed + further_study as placed,
           lag(year) over history as year_before, lag(graduates) over history as graduates_before,
           lag(employed) over history as employed_before, lag(further_study) over history as further_study_before
    from graduates
    window history as (partition by school_id, major_code order by year)
),
same_figures as (
    select year, school_id, major_code, 'same_figures' as kind,
           json_object('year', year, 'before', year_before, 'graduates', graduates, 'employed', employed, 'further', further_study) as evidence
    from outcome
    cross join policy_screening
    where year_before = year - 1 and graduates = graduates_before and employed = employed_before and further_study = further_study_before
      and graduates >= same_figures_persons
),
all_placed as (
    select year, school_id, major_code, 'all_placed', json_object('year', year, 'graduates', graduates)
    from outcome
    cross join policy_screening
    where placed = graduates and graduates >= all_placed_persons
),
all_matched as (
    select year, school_id, major_code, 'all_matched', json_object('year', year, 'employed', employed)
    from outcome
    cross join policy_screening
    where matched = employed and employed >= all_matched_persons
),
stated as (
    select year, school_id, unnest([graduates, employed, further_study]) as number from graduates
),
heaped as (
    select year, school_id, null, 'round_numbers', json_object('year', year, 'round', count(*) filter (where number % 5 = 0), 'figures', count(*))
    from stated
    cross join policy_screening
    where number >= 10
    group by year, school_id, round_figures, round_share
    having count(*) >= round_figures and count(*) filter (where number % 5 = 0) >= round_share * count(*)
),
jump as (
    select now.year, now.school_id, now.major_code, 'jump_after_warning',
           json_object('year', now.year, 'before', figure(earlier.value, 'ratio', 'zh'), 'now', figure(now.value, 'ratio', 'zh'))
    from indicator_value as now
    join indicator_value as earlier
      on earlier.indicator = 'employment_rate' and earlier.year = now.year - 1
     and earlier.school_id = now.school_id and earlier.major_code = now.major_code
    join warning on warning.year = now.year - 1 and warning.school_id = now.school_id and warning.major_code = now.major_code and warning.level_rank > 0
    cross join policy_screening
    where now.indicator = 'employment_rate' and now.value - earlier.value >= policy_screening.jump
),
compared as (
    select year, school_id, major_code, employed, graduates, verified_employed, sample,
           (employed + 0.5) / (graduates + 1) as reported, (verified_employed + 0.5) / (sample + 1) as verified
    from graduates
    join evaluation using (year, school_id, major_code)
    where graduates > 0 and sample > 0
),
gap as (
    select year, school_id, major_code, 'verified_gap',
           json_object('year', year, 'employed', employed, 'graduates', graduates, 'verified', verified_employed, 'sample', sample,
                       'certainty', sureness(normal_below((reported - verified)
                           / sqrt(reported * (1 - reported) / (graduates + 2) + verified * (1 - verified) / (sample + 2)))))
    from compared
    cross join policy_screening
    where normal_below((reported - verified)
                       / sqrt(reported * (1 - reported) / (graduates + 2) + verified * (1 - verified) / (sample + 2))) >= gap_certainty
),
found as (
    select year, school_id, major_code, kind, evidence from same_figures
    union all select * from all_placed
    union all select * from all_matched
    union all select * from heaped
    union all select * from jump
    union all select * from gap
)
select year, school_id, major_code, kind,
       sentence('doubt.' || kind, 'zh', evidence) as text_zh, sentence('doubt.' || kind, 'en', evidence) as text_en
from found
order by year, school_id, major_code nulls first, kind

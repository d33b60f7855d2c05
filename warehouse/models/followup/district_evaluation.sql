-- One row per year and district for the annual assessment: plan fulfilment, quality reports and monthly reports handed in, and their weighted
-- score (weights in the policy, taken over the parts that are known; each part counts at most 1).
with fulfilment as (
    select enrolment.year, schools.district_code, sum(enrolment.registered)::bigint as registered, sum(enrolment.plan)::bigint as plan
    from enrolment
    join schools using (school_id)
    group by enrolment.year, schools.district_code
),
quality as (
    select quality_report.year, schools.district_code, count(*) filter (where delivered) as reports_delivered, count(*) as reports_due
    from quality_report
    join schools using (school_id)
    group by quality_report.year, schools.district_code
),
months as (
    select year, count(distinct month) as months from enrolment_monthly group by year
),
enrolling as (
    select enrolment.year, schools.district_code, count(distinct enrolment.school_id) as schools
    from enrolment
    join schools using (school_id)
    group by enrolment.year, schools.district_code
),
monthly as (
    select enrolment_monthly.year, schools.district_code, count(distinct (enrolment_monthly.school_id, enrolment_monthly.month)) as delivered
    from enrolment_monthly
    join schools using (school_id)
    group by enrolment_monthly.year, schools.district_code
),
parts as (
    select fulfilment.year, fulfilment.district_code, fulfilment.registered, fulfilment.plan,
           fulfilment.registered / nullif(fulfilment.plan, 0) as plan_fulfilment,
           quality.reports_delivered, quality.reports_due, quality.reports_delivered / nullif(quality.reports_due, 0) as quality_report_share,
           monthly.delivered as monthly_delivered, enrolling.schools * months.months as monthly_due,
           coalesce(monthly.delivered, 0) / (enrolling.schools * months.months) as monthly_report_share
    from fulfilment
    join enrolling using (year, district_code)
    left join quality using (year, district_code)
    left join months using (year)
    left join monthly using (year, district_code)
),
part as (
    select year, district_code, least(plan_fulfilment, 1) as known, fulfilment_weight as weight
    from parts, policy_district_evaluation
    where plan_fulfilment is not null
    union all
    select year, district_code, quality_report_share, quality_report_weight
    from parts, policy_district_evaluation
    where quality_report_share is not null
    union all
    select year, district_code, monthly_report_share, monthly_report_weight
    from parts, policy_district_evaluation
    where monthly_report_share is not null
),
scored as (
    select year, district_code, sum(known * weight) / nullif(sum(weight), 0) as district_score
    from part
    group by year, district_code
)
select parts.year, parts.district_code, parts.registered, parts.plan, parts.plan_fulfilment, parts.reports_delivered, parts.reports_due,
       parts.quality_report_share, parts.monthly_delivered, parts.monthly_due, parts.monthly_report_share, scored.district_score,
       rank() over (partition by year order by district_score desc)::integer as district_rank
from parts
left join scored using (year, district_code)
order by year, district_code

-- One row per year and active offering in a cluster with more points in the area than the policy would keep: its place among them, and why.
-- Score: mean, by the policy's weights, of the parts that are known: pooled employment of three years, registered against the largest of the
-- cluster, retention, and 对口就业率. The first `points` are proposed to stay.
with crowded as (
    select active_offering.*, major_cluster.cluster_code,
           count(*) over (partition by active_offering.year, active_offering.area_id, major_cluster.cluster_code) as cluster_points,
           max(registered) over (partition by active_offering.year, active_offering.area_id, major_cluster.cluster_code) as largest
    from active_offering
    join major_cluster using (major_code)
),
employment as (
    select crowded.year, crowded.school_id, crowded.major_code, sum(earlier.numerator) as k, sum(earlier.denominator) as n
    from crowded
    join indicator_value as earlier
      on earlier.school_id = crowded.school_id and earlier.major_code = crowded.major_code and earlier.indicator = 'employment_rate'
     and earlier.year between crowded.year - 2 and crowded.year
    group by crowded.year, crowded.school_id, crowded.major_code
),
parts as (
    select crowded.year, crowded.area_id, crowded.cluster_code, crowded.school_id, crowded.major_code, crowded.cluster_points, crowded.plan, crowded.registered,
           employment.k / nullif(employment.n, 0) as employment_part, employment.k, employment.n,
           crowded.registered / nullif(crowded.largest, 0) as intake_part,
           retention_rate.value as retention_part, matched_rate.value as matched_part
    from crowded
    left join employment using (year, school_id, major_code)
    left join retention_rate using (year, school_id, major_code)
    left join matched_rate using (year, school_id, major_code)
),
scored as (
    select parts.*, policy_keep.keep_points,
           (policy_keep.employment_weight * coalesce(employment_part, 0) + policy_keep.intake_weight * coalesce(intake_part, 0)
            + policy_keep.retention_weight * coalesce(retention_part, 0) + policy_keep.matched_weight * coalesce(matched_part, 0))
           / nullif(if(employment_part is null, 0, policy_keep.employment_weight) + if(intake_part is null, 0, policy_keep.intake_weight)
                    + if(retention_part is null, 0, policy_keep.retention_weight) + if(matched_part is null, 0, policy_keep.matched_weight), 0) as score
    from parts
    cross join policy_keep
    where parts.cluster_points > policy_keep.keep_points
)
select year, area_id, cluster_code, school_id, major_code, cluster_points,
       row_number() over ranking as keep_rank, row_number() over ranking <= keep_points as is_kept,
       score, employment_part, k, n, intake_part, retention_part, matched_part, plan, registered,
       greatest(plan - registered, 0) as room
from scored
window ranking as (partition by year, area_id, cluster_code order by score desc nulls last, registered desc, school_id, major_code)
order by year, area_id, cluster_code, keep_rank

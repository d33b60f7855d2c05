-- 同类专业布点数: active offerings in the area of all majors that the policy counts as the same as this one, this one included.
select active_offering.year, active_offering.school_id, active_offering.major_code,
       count(*) over of_cluster as numerator, null::bigint as denominator, (count(*) over of_cluster)::double as value
from active_offering
join major_cluster using (major_code)
window of_cluster as (partition by active_offering.year, active_offering.area_id, major_cluster.cluster_code)

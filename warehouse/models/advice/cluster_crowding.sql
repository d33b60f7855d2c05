-- One row per year, area and crowded cluster: how many points, how many pupils a year the points not kept take in, and the room at those kept.
select year, area_id, cluster_code, count(*) as cluster_points, count(*) filter (where is_kept) as kept_points,
       coalesce(sum(registered) filter (where not is_kept), 0)::bigint as pupils_to_place,
       coalesce(sum(room) filter (where is_kept), 0)::bigint as room
from cluster_point
group by year, area_id, cluster_code
order by year, area_id, cluster_code

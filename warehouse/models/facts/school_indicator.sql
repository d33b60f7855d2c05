-- One row per year and school: number of majors, pupils per major, overlap with the other schools of the area, and its twin there.
with majors as (
    select active_offering.year, active_offering.school_id, count(*) as major_count,
           count(*) filter (where same_major_points.value > 1) as overlapping
    from active_offering
    join same_major_points using (year, school_id, major_code)
    group by active_offering.year, active_offering.school_id
),
twin as (
    select year, school_id, other_id as twin_school_id, jaccard as twin_similarity,
           row_number() over (partition by year, school_id order by jaccard desc, other_id) as place
    from school_pair
),
pupils as (
    select year, school_id, sum(students) as students from roster group by year, school_id
)
select majors.year, majors.school_id, majors.major_count,
       pupils.students / majors.major_count as pupils_per_major,
       majors.overlapping / majors.major_count as overlap_share,
       coalesce(twin.twin_similarity, 0) as twin_similarity, twin.twin_school_id
from majors
left join pupils on pupils.year = majors.year and pupils.school_id = majors.school_id
left join twin on twin.year = majors.year and twin.school_id = majors.school_id and twin.place = 1
order by majors.year, majors.school_id

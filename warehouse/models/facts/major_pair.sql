-- One row per pair of majors offered that have anything in common: the evidence that they are the same under two codes, and its score.
-- Each overlap is a Jaccard index (Jaccard 1901), 0 to 1: of pairs of characters of the names without their qualifiers, of core courses,
-- of target occupations. The score is their mean by the policy's weights over the evidence that exists.
with named as (
    select distinct offering.major_code, catalogue.major_name, catalogue.class_code,
           coalesce(nullif(regexp_replace(catalogue.major_name,
               '(技术与应用|技术应用|与应用|与维修|与维护|与管理|与服务|与运营|与制作|技术|应用|服务|管理|运营|事务|维修|维护|制作|加工)+$', ''), ''), catalogue.major_name) as stem
    from offering
    join catalogue using (major_code)
),
shingled as (
    select major_code, major_name, class_code, stem,
           list_distinct(list_transform(generate_series(1, greatest(length(stem) - 1, 1)), lambda place: substr(stem, place, 2))) as shingles
    from named
),
courses as (
    select major_code, list(distinct normalised(course)) as courses from course_of_major group by major_code
),
occupations as (
    select major_code, list(distinct occupation) as occupations from builtin_occupation group by major_code
),
compared as (
    select one.major_code, other.major_code as other_code, one.major_name, other.major_name as other_name,
           one.stem = other.stem as is_same_stem,
           len(list_intersect(one.shingles, other.shingles)) / len(list_distinct(one.shingles || other.shingles)) as name_overlap,
           list_sort(list_intersect(own_course.courses, other_course.courses)) as common_courses,
           len(list_intersect(own_course.courses, other_course.courses)) / len(list_distinct(own_course.courses || other_course.courses)) as course_overlap,
           list_sort(list_intersect(own_work.occupations, other_work.occupations)) as common_occupations,
           len(list_intersect(own_work.occupations, other_work.occupations)) / len(list_distinct(own_work.occupations || other_work.occupations)) as occupation_overlap,
           one.class_code = other.class_code as is_same_class
    from shingled as one
    join shingled as other on one.major_code < other.major_code
    left join courses as own_course on own_course.major_code = one.major_code
    left join courses as other_course on other_course.major_code = other.major_code
    left join occupations as own_work on own_work.major_code = one.major_code
    left join occupations as other_work on other_work.major_code = other.major_code
)
select compared.major_code, compared.other_code, compared.is_same_class, compared.name_overlap, compared.course_overlap, compared.occupation_overlap,
       array_to_string(compared.common_courses, '、') as common_courses, array_to_string(compared.common_occupations, '、') as common_occupations,
       (policy_similarity.name_weight * name_overlap + policy_similarity.course_weight * coalesce(course_overlap, 0)
        + policy_similarity.occupation_weight * coalesce(occupation_overlap, 0) + policy_similarity.class_weight * is_same_class::integer)
       / nullif(policy_similarity.name_weight + if(course_overlap is null, 0, policy_similarity.course_weight)
                + if(occupation_overlap is null, 0, policy_similarity.occupation_weight) + policy_similarity.class_weight, 0) as similarity
from compared
cross join policy_similarity
where name_overlap > 0 or course_overlap > 0 or occupation_overlap > 0
order by compared.major_code, compared.other_code

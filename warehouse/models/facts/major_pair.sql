-- One row per pair of majors offered with a fifth of their names, a course or an occupation in common: the evidence that they are the same
-- under two codes, and its score. Each overlap is a Jaccard index (Jaccard 1901), 0 to 1: of pairs of characters of the names without
-- their qualifiers, of core courses, of target occupations. The score is their mean by the policy's weights over the evidence that exists.
with named as (
    select major_code, catalogue.class_code,
           coalesce(nullif(regexp_replace(catalogue.major_name,
               '(技术与应用|技术应用|与应用|与维修|与维护|与管理|与服务|与运营|与制作|技术|应用|服务|管理|运营|事务|维修|维护|制作|加工)+$', ''), ''), catalogue.major_name) as stem
    from major_offered
    join catalogue using (major_code)
),
feature as (
    select distinct 'name' as kind, major_code,
           unnest(list_transform(generate_series(1, greatest(length(stem) - 1, 1)), lambda place: substr(stem, place, 2))) as feature
    from named
    union
    select 'course', major_code, normalised(course) from course_of_major
    union
    select 'occupation', major_code, occupation from builtin_occupation join major_offered using (major_code)
),
size_of as (
    select kind, major_code, count(*) as features from feature group by kind, major_code
),
shared as (
    select kind, one.major_code, other.major_code as other_code, count(*) as common,
           if(kind = 'name', null, string_agg(feature, '、' order by feature)) as told
    from feature as one
    join feature as other using (kind, feature)
    where one.major_code < other.major_code
    group by kind, one.major_code, other.major_code
),
overlap as (
    select shared.kind, shared.major_code, shared.other_code, shared.told,
           shared.common / (own.features + other.features - shared.common) as overlap
    from shared
    join size_of as own on own.kind = shared.kind and own.major_code = shared.major_code
    join size_of as other on other.kind = shared.kind and other.major_code = shared.other_code
),
pair as (
    select major_code, other_code,
           max(overlap) filter (where kind = 'name') as name_overlap,
           max(overlap) filter (where kind = 'course') as course_overlap, max(told) filter (where kind = 'course') as common_courses,
           max(overlap) filter (where kind = 'occupation') as occupation_overlap, max(told) filter (where kind = 'occupation') as common_occupations
    from overlap
    group by major_code, other_code
    having bool_or(kind <> 'name' or overlap >= 0.2)
),
-- Nothing in common is an overlap of 0 where both have such features, and unknown where one has none.
completed as (
    select pair.major_code, pair.other_code, coalesce(pair.name_overlap, 0) as name_overlap,
           if(own_course.features > 0 and other_course.features > 0, coalesce(pair.course_overlap, 0), null) as course_overlap,
           if(own_work.features > 0 and other_work.features > 0, coalesce(pair.occupation_overlap, 0), null) as occupation_overlap,
           coalesce(pair.common_courses, '') as common_courses, coalesce(pair.common_occupations, '') as common_occupations,
           one.class_code = other.class_code as is_same_class
    from pair
    join named as one on one.major_code = pair.major_code
    join named as other on other.major_code = pair.other_code
    left join size_of as own_course on own_course.kind = 'course' and own_course.major_code = pair.major_code
    left join size_of as other_course on other_course.kind = 'course' and other_course.major_code = pair.other_code
    left join size_of as own_work on own_work.kind = 'occupation' and own_work.major_code = pair.major_code
    left join size_of as other_work on other_work.kind = 'occupation' and other_work.major_code = pair.other_code
)
select completed.major_code, completed.other_code, completed.is_same_class, completed.name_overlap, completed.course_overlap, completed.occupation_overlap,
       completed.common_courses, completed.common_occupations,
       (policy_similarity.name_weight * name_overlap + policy_similarity.course_weight * coalesce(course_overlap, 0)
        + policy_similarity.occupation_weight * coalesce(occupation_overlap, 0) + policy_similarity.class_weight * is_same_class::integer)
       / nullif(policy_similarity.name_weight + if(course_overlap is null, 0, policy_similarity.course_weight)
                + if(occupation_overlap is null, 0, policy_similarity.occupation_weight) + policy_similarity.class_weight, 0) as similarity
from completed
cross join policy_similarity
order by completed.major_code, completed.other_code

-- One row per year, school and major in force: outcomes of one graduating year, from forms or counted from student records.
-- A count that one of the added rows does not give is unknown, not zero.
with outcomes as (
    select 'graduates' as dataset, file, sheet, "row", graduates, employed, further_study, matched, stable,
           salary * employed as pay, if(salary is null, null, employed) as paid
    from submitted_graduates
    union all
    select 'graduate_records', file, sheet, "row", 1, (destination = 'employed')::bigint, (destination = 'further_study')::bigint,
           if(destination = 'employed', matched::bigint, 0), null,
           if(destination = 'employed', salary, 0), if(destination = 'employed', if(salary is null, null, 1), 0)
    from submitted_graduate_records
)
select reported.year, reported.school_id, reported.major_code,
       sum(graduates)::bigint as graduates,
       sum(employed)::bigint as employed,
       sum(further_study)::bigint as further_study,
       if(count(*) = count(matched), sum(matched), null)::bigint as matched,
       if(count(*) = count(stable), sum(stable), null)::bigint as stable,
       round(if(count(*) = count(paid), sum(pay) / nullif(sum(paid), 0), null), 2) as salary
from outcomes
join reported_row as reported
  on reported.dataset = outcomes.dataset and reported.standing = 'accepted'
 and reported.file = outcomes.file and reported.sheet = outcomes.sheet and reported."row" = outcomes."row"
group by reported.year, reported.school_id, reported.major_code
order by reported.year, reported.school_id, reported.major_code

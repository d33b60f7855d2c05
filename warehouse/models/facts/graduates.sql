-- One row per year, school and major in force: outcomes of one graduating year, from forms or counted from student records.
-- A count that one of the added rows does not give is unknown, not zero.
with outcomes as (
    select 'graduates' as dataset, file, sheet, "row", graduates, employed, further_study, matched, stable,
           cast(salary as decimal(18, 4)) * employed as pay, if(salary is null, null, employed) as paid
    from submitted_graduates
    union all
    select 'graduate_records', file, sheet, "row", row_count, employed, further_study, matched, null, pay, if(pay is null, null, employed)
    from record_count
)
select reported.year, reported.school_id, reported.major_code,
       sum(graduates)::bigint as graduates,
       sum(employed)::bigint as employed,
       sum(further_study)::bigint as further_study,
       if(count(*) = count(matched), sum(matched), null)::bigint as matched,
       if(count(*) = count(stable), sum(stable), null)::bigint as stable,
       round(if(count(*) = count(paid), sum(pay)::double / nullif(sum(paid), 0), null), 2) as salary
from outcomes
join reported_row as reported using (dataset, file, sheet, "row")
where reported.standing = 'accepted'
group by reported.year, reported.school_id, reported.major_code
order by reported.year, reported.school_id, reported.major_code

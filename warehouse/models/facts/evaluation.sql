-- One row per year, school and major in force: what a third party found of the graduates it checked.
select reported.year, reported.school_id, reported.major_code,
       sum(submitted.sample)::bigint as sample, sum(submitted.verified_employed)::bigint as verified_employed,
       avg(submitted.satisfaction) as satisfaction
from submitted_evaluation as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'evaluation' and reported.standing = 'accepted'
group by reported.year, reported.school_id, reported.major_code
order by reported.year, reported.school_id, reported.major_code

-- One row per year, school and major in force: the autumn intake, counts of old codes added to the major they lead to.
-- A count that one of the added rows does not give is unknown, not zero.
select reported.year, reported.school_id, reported.major_code,
       sum(plan)::bigint as plan,
       if(count(*) = count(applied), sum(applied), null)::bigint as applied,
       if(count(*) = count(admitted), sum(admitted), null)::bigint as admitted,
       sum(registered)::bigint as registered
from submitted_enrolment as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'enrolment' and reported.standing = 'accepted'
group by reported.year, reported.school_id, reported.major_code
order by reported.year, reported.school_id, reported.major_code

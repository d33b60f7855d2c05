-- One row per year and school: whether its quality report was handed in.
select reported.year, reported.school_id, bool_or(submitted.delivered) as delivered
from submitted_quality_reports as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'quality_reports' and reported.standing = 'accepted'
group by reported.year, reported.school_id
order by reported.year, reported.school_id

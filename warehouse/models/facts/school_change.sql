-- One row per change of a school: merged, renumbered, renamed or moved to another district, from the year it took effect.
select submitted.year, submitted.former_school_id, reported.school_id, submitted.former_name, submitted.former_district_code
from submitted_school_changes as submitted
join reported_row as reported using (file, sheet, "row")
where reported.dataset = 'school_changes' and reported.standing = 'accepted'
order by submitted.year, submitted.former_school_id

-- One row per school code that was given up, and the school of the register that carries its history on (merged or renumbered).
with recursive step as (
    select former_school_id, max_by(school_id, file_rank) as school_id
    from submitted_school_changes
    where former_school_id <> school_id
    group by former_school_id
),
leads as (
    select former_school_id, school_id, 1 as steps from step
    union all
    select leads.former_school_id, step.school_id, leads.steps + 1
    from leads
    join step on step.former_school_id = leads.school_id
    where leads.steps < 10
)
select leads.former_school_id, max_by(leads.school_id, leads.steps) as school_id
from leads
where leads.school_id in (select school_id from schools)
group by leads.former_school_id
order by leads.former_school_id

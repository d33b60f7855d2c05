-- One row per old code and the code it leads to; new_code is null where the major was withdrawn.
-- Spreadsheets shorten 01xxxx to five digits, so five digits get their zero back unless they are a code in force.
with restored as (
    select if(regexp_matches(old_code, '^[0-9]{5}$') and old_code not in (select major_code from catalogue), '0' || old_code, old_code) as old_code,
           new_code, old_name, new_name, change, file_rank
    from submitted_crosswalk
)
select old_code, new_code, max_by(old_name, file_rank) as old_name, max_by(new_name, file_rank) as new_name,
       max_by(change, file_rank) as change
from restored
group by old_code, new_code
order by old_code, new_code

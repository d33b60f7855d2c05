-- One row per 合计 figure that disagrees with the sum of its rows.
select file, sheet, "row", header, stated, summed
from submitted_total
order by file, sheet, "row", header

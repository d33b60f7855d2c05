-- One row per file handed in, reconciled: rows found = accepted + rejected + skipped.
with outcome as (
    select file, sum(row_count) filter (where standing = 'rejected') as referred_away,
           sum(row_count) filter (where standing = 'superseded') as superseded
    from reported_row
    group by file
)
select submitted_file.file, submitted_file.datasets, submitted_file.rows_found,
       submitted_file.rows_accepted - coalesce(outcome.referred_away, 0)::bigint as rows_accepted,
       submitted_file.rows_rejected + coalesce(outcome.referred_away, 0)::bigint as rows_rejected,
       submitted_file.rows_skipped,
       coalesce(outcome.superseded, 0)::bigint as rows_superseded,
       submitted_file.ignored_columns, submitted_file.content_hash
from submitted_file
left join outcome on outcome.file = submitted_file.file
order by submitted_file.file

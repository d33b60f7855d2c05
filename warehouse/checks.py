"""Checks that every build must pass before it is published: reconciliation, keys, totals, nothing left without its school or major."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from warehouse.dictionary import dictionary

# fact -> the counts whose totals must be those of the accepted rows, and the rows
TOTALS = {
    "enrolment": (("plan", "registered"), "select *, 'enrolment' as dataset from submitted_enrolment"),
    "graduates": (
        ("graduates", "employed"),
        "select 'graduates' as dataset, file, sheet, \"row\", graduates, employed from submitted_graduates "
        "union all select 'graduate_records', file, sheet, \"row\", row_count, employed from record_count",
    ),
    "roster": (("students", "leavers"), "select *, 'roster' as dataset from submitted_roster"),
}


@dataclass(frozen=True)
class CheckResult:
    """One check on a table: how many rows are at fault, and the first of them."""

    name: str
    table: str
    at_fault: int
    first: str

    @property
    def has_passed(self) -> bool:
        """True when no row is at fault."""
        return not self.at_fault


def checks() -> dict[tuple[str, str], str]:
    """(table, check name) -> the query whose rows are the rows at fault."""
    found = {
        (
            "submission",
            "reconciliation",
        ): "select * from submission where rows_found is distinct from rows_accepted + rows_rejected + rows_skipped "
        "or least(rows_accepted, rows_rejected, rows_skipped) < 0",
        ("reject", "every_rejected_row_is_listed"): "select file, rows_rejected, listed from submission left join "
        '(select file, count(*) as listed from reject where "row" is not null group by file) using (file) '
        "where rows_rejected > coalesce(listed, 0)",
        ("warning", "one_level_each"): "select * from warning where level is null or action is null",
    }
    for table in dictionary().tables.values():
        if table.key:
            key = ", ".join(f'"{name}"' for name in table.key)
            found[(table.name, "unique_key")] = f"select {key}, count(*) as times from {table.name} group by {key} having count(*) > 1"
    for fact, (counts, accepted) in TOTALS.items():
        found[(fact, "no_orphan")] = (
            f"select * from {fact} "
            "where (school_id in (select school_id from schools) and major_code in (select major_code from catalogue)) is not true"
        )
        for count in counts:
            found[(fact, f"total_{count}")] = (
                f"select fact, accepted from (select coalesce(sum({count}), 0) as fact from {fact}), (select coalesce(sum({count}), 0) as accepted "
                f"from ({accepted}) join reported_row using (dataset, file, sheet, \"row\") where standing = 'accepted') where fact <> accepted"
            )
    return found


def run_checks(con: duckdb.DuckDBPyConnection) -> Iterator[CheckResult]:
    """Runs every check on a build whose inputs are still loaded."""
    for (table, name), query in checks().items():
        rows = con.execute(query).fetchall()
        yield CheckResult(name, table, len(rows), str(rows[:3]) if rows else "")

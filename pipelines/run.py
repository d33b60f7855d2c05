"""One run: inbox -> staged -> new snapshot -> checks -> publish. The same job that Dagster schedules, in this process."""

from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from pipelines.assets import Workplace
from pipelines.definitions import definitions
from warehouse import snapshot
from warehouse.settings import DEFAULT_POLICY


@dataclass(frozen=True)
class RunReport:
    """What a run came to: the published snapshot, whether it is new, counts per level (in rising order) and rows."""

    snapshot_id: str
    is_new: bool
    year: int
    policy_title: str
    levels: dict[str, int]
    found: int
    accepted: int
    rejected: int
    skipped: int


def run(data: Path, inbox: Path | None = None, policy: str = DEFAULT_POLICY, year: int | None = None, engine: str = "duckdb") -> RunReport:
    """Runs the job and reports what is now published. `engine`: one of ENGINES, where the heavy models are computed. RunRefused or PolicyError where it can't; what was published then stands."""
    data.mkdir(parents=True, exist_ok=True)
    before = snapshot.published(data)
    workplace = Workplace(data=str(data), inbox=str(inbox) if inbox else "", policy=policy, year=year or 0, engine=engine)
    with dg.DagsterInstance.ephemeral() as instance:
        definitions.resolve_job_def("recompute").execute_in_process(
            resources={"workplace": workplace},
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return _report(data, before)


def _report(data: Path, before: Path | None) -> RunReport:
    path = snapshot.published(data)
    if path is None:
        raise FileNotFoundError(data / "current")
    with snapshot.open_snapshot(path) as con:
        snapshot_id, year, title = con.execute("select snapshot_id, assessment_year, policy_title_zh from snapshot").fetchall()[0]
        levels = con.execute(
            "select title_zh, (select count(*) from warning where warning.level = policy_level.level and year = $year) "
            "from policy_level order by level_rank",
            {"year": year},
        ).fetchall()
        rows = con.execute("select sum(rows_found), sum(rows_accepted), sum(rows_rejected), sum(rows_skipped) from submission").fetchall()[
            0
        ]
    return RunReport(snapshot_id, path != before, year, title, dict(levels), *(int(count) for count in rows))

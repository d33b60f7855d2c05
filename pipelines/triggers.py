"""What happens of itself: a run every night, and when the inbox has changed and come to rest; an alert when a run fails, when sources or runs are
late, and when a run brings new reds."""

import hashlib
import time
from pathlib import Path

import dagster as dg

from pipelines.alerts import tell
from pipelines.assets import Workplace
from warehouse.settings import read_settings
from warehouse.snapshot import open_snapshot, published
from warehouse.source_state import source_states
from warehouse.texts import sentence

recompute = dg.define_asset_job("recompute", selection=dg.AssetSelection.all(), description="From the inbox to a published snapshot.")

daily = dg.ScheduleDefinition(
    name="daily",
    job=recompute,
    cron_schedule="0 2 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.sensor(name="inbox", job=recompute, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def inbox(context: dg.SensorEvaluationContext, workplace: Workplace) -> dg.RunRequest | dg.SkipReason:
    """Asks for a run once the inbox looks the same on two looks in a row and no run was asked for it before."""
    seen = _look(workplace)
    if context.cursor != seen:
        context.update_cursor(seen)
        return dg.SkipReason("The inbox is still changing; looking again.")
    return dg.RunRequest(run_key=seen)


@dg.run_failure_sensor(name="failure", default_status=dg.DefaultSensorStatus.RUNNING)
def failure(context: dg.RunFailureSensorContext) -> None:
    """Tells people that a run failed, and why."""
    tell(read_settings(), sentence("alert.failed", "zh", problem=context.failure_event.message))


@dg.sensor(name="late", minimum_interval_seconds=3600, default_status=dg.DefaultSensorStatus.RUNNING)
def late(context: dg.SensorEvaluationContext, workplace: Workplace) -> dg.SkipReason:
    """Tells people, once a day, of sources that have not answered for too long and of runs that no longer end well."""
    settings, now, data = read_settings(), time.time(), Path(workplace.data)
    ages = {state.name: state.hours_old(now) for state in source_states(data)}
    if (last := data / "last_run").exists():
        ages[sentence("alert.run", "zh")] = (now - last.stat().st_mtime) / 3600
    behind = {name: hours for name, hours in ages.items() if hours is None or hours > settings.stale_hours}
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    if behind and context.cursor != today:
        tell(settings, "；".join(map(_late_told, behind, behind.values())))
        context.update_cursor(today)
    return dg.SkipReason(f"{len(behind)} late")


@dg.run_status_sensor(name="new_reds", run_status=dg.DagsterRunStatus.SUCCESS, default_status=dg.DefaultSensorStatus.RUNNING)
def new_reds(context: dg.RunStatusSensorContext, workplace: Workplace) -> None:
    """Tells people how many offerings are newly to be stopped in the published snapshot, once per snapshot."""
    path = published(Path(workplace.data))
    seen = Path(workplace.data) / "told"
    if path is None or (seen.exists() and seen.read_text("utf-8") == path.stem):
        return
    with open_snapshot(path) as con:
        count = con.execute(
            "select count(*) from warning join snapshot on year = assessment_year join policy_level using (level) "
            "left join policy_level as earlier on earlier.level = previous_level where policy_level.action = 'stop' and earlier.action is distinct from 'stop'"
        ).fetchall()[0][0]
    if count and tell(read_settings(), sentence("alert.new_reds", "zh", count=count, snapshot=path.stem)):
        context.log.info("told of %s new reds", count)
    seen.write_text(path.stem, "utf-8")


def _late_told(name: str, hours: float | None) -> str:
    return sentence("alert.never", "zh", name=name) if hours is None else sentence("alert.late", "zh", name=name, hours=f"{hours:,.0f}")


def _look(workplace: Workplace) -> str:
    digest = hashlib.sha256()
    for path in sorted(workplace.inbox_folder.rglob("*")):
        if path.is_file():
            status = path.stat()
            digest.update(f"{path}|{status.st_size}|{status.st_mtime_ns}".encode())
    return digest.hexdigest()

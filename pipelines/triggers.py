"""When a run happens of itself: every night, and when the inbox has changed and come to rest."""

import hashlib

import dagster as dg

from pipelines.assets import Workplace

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


def _look(workplace: Workplace) -> str:
    digest = hashlib.sha256()
    for path in sorted(workplace.inbox_folder.rglob("*")):
        if path.is_file():
            status = path.stat()
            digest.update(f"{path}|{status.st_size}|{status.st_mtime_ns}".encode())
    return digest.hexdigest()

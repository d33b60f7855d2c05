"""What Prometheus asks for: when the last run ended well, how old the data are, sizes, rows and rejects, counts per level."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from warehouse import snapshot
from warehouse.source_state import source_states


class State(Collector):
    """Looks at the data folder anew at every question; names no school, major or person."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every figure, as gauges; those of a snapshot only once one is published."""
        last = self.data / "last_run"
        yield _gauge("last_run_timestamp_seconds", "When the last run ended well", last.stat().st_mtime if last.exists() else 0)
        answered, problem = (
            GaugeMetricFamily(f"majorwatch_source_{name}", about, labels=["source"])
            for name, about in (
                ("answered_timestamp_seconds", "When the source last answered"),
                ("problem", "1 while the source does not answer"),
            )
        )
        for state in source_states(self.data):
            answered.add_metric([state.name], state.answered)
            problem.add_metric([state.name], float(bool(state.problem)))
        yield from (answered, problem)
        path = snapshot.published(self.data)
        if path is None:
            return
        yield _gauge("published_timestamp_seconds", "When the snapshot was published", (self.data / "current").stat().st_mtime)
        yield _gauge("snapshot_bytes", "Size of the published snapshot", path.stat().st_size)
        with snapshot.open_snapshot(path) as con:
            rows = con.execute(
                "select count(*), sum(rows_found), sum(rows_accepted), sum(rows_rejected), sum(rows_skipped) from submission"
            ).fetchall()[0]
            levels = con.execute("select level, count(*) from warning join snapshot on year = assessment_year group by level").fetchall()
        yield _gauge("files", "Files of the published snapshot", rows[0])
        by_standing = GaugeMetricFamily("majorwatch_rows", "Rows of the files, by what became of them", labels=["standing"])
        for name, count in zip(("found", "accepted", "rejected", "skipped"), rows[1:], strict=True):
            by_standing.add_metric([name], float(count or 0))
        yield by_standing
        by_level = GaugeMetricFamily("majorwatch_offerings", "Offerings of the assessment year, by level", labels=["level"])
        for level, count in levels:
            by_level.add_metric([level], count)
        yield by_level


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"majorwatch_{name}", about, value=value)


def registry(data: Path) -> CollectorRegistry:
    """What a metrics server of this data folder serves."""
    registered = CollectorRegistry()
    registered.register(State(data))
    return registered

"""The assets: one per dataset and per model, made from the dictionary and the lineage; checks made from the dictionary.

Two multi-assets, because one build has one writer: staging reads the inbox, the warehouse is built and published over one connection.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import dagster as dg
from filelock import FileLock

from pipelines.demo import SIMULATED_MARKER
from pipelines.sources import pull_all
from warehouse import build, checks, snapshot
from warehouse.build import Make, RunInputs
from warehouse.dictionary import dictionary
from warehouse.ledger import entries_of
from warehouse.lineage import Model, models
from warehouse.policy import read_policy
from warehouse.refusal import RunRefused
from warehouse.settings import DEFAULT_POLICY, read_settings
from warehouse.spark import engine
from warehouse.staging import StagedFile, read_submission_summary, stage
from warehouse.texts import sentence


class Workplace(dg.ConfigurableResource):
    """Where the run reads and writes, and by which policy. Empty `inbox`: `data`/inbox. `year` 0: the latest graduates year.
    `engine`: where the heavy models are computed (warehouse.settings.ENGINES)."""

    data: str = "data"
    inbox: str = ""
    policy: str = DEFAULT_POLICY
    year: int = 0
    engine: str = "duckdb"

    @property
    def inbox_folder(self) -> Path:
        """The folder of files handed in."""
        return Path(self.inbox) if self.inbox else Path(self.data) / "inbox"

    def makes(self) -> AbstractContextManager[Make]:
        """What makes the tables of a build: the database itself, or Spark for the heavy ones. RunRefused where Spark can't be started."""
        return engine(Path(self.data), read_settings().spark) if self.engine == "spark" else nullcontext(build.make_here)

    def alone(self) -> FileLock:
        """Held while anything is written: a second run, from wherever it was started, waits."""
        return FileLock(Path(self.data) / ".run.lock")


def dataset_key(name: str) -> dg.AssetKey:
    """The asset of a dataset as handed in; facts of the same name are assets of their own."""
    return dg.AssetKey(["submitted", name])


def _schema(names: Sequence[str]) -> dg.TableSchema:
    """Columns by name, each with what the dictionary says of it; a step on the way may have one of its own."""
    known = dictionary().columns
    meanings = {name: f"{known[name].label.zh}：{known[name].meaning.zh}" for name in names if name in known}
    return dg.TableSchema(columns=[dg.TableColumn(name, description=meanings.get(name)) for name in names])


def _model_spec(model: Model) -> dg.AssetSpec:
    deps = [dg.AssetKey([name]) for name in model.reads if any(other.name == name for other in models())]
    deps += [
        dataset_key(name.removeprefix("submitted_")) for name in model.reads if name.removeprefix("submitted_") in dictionary().datasets
    ]
    return dg.AssetSpec(
        dg.AssetKey([model.name]),
        deps=deps,
        description=model.description,
        group_name=model.folder,
        metadata={"dagster/column_schema": _schema(model.columns)},
        kinds={"duckdb", "sql"},
    )


@dg.multi_asset(
    name="submissions",
    specs=[
        dg.AssetSpec(
            dataset_key(entry.name),
            description=f"{entry.label.zh} / {entry.label.en}",
            group_name="submitted",
            metadata={"dagster/column_schema": _schema([column.name for column in entry.columns])},
        )
        for entry in dictionary().datasets.values()
    ],
)
def submissions(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult]:
    """Asks the sources, then reads what is new in the inbox; one asset per dataset."""
    with workplace.alone():
        for state in pull_all(read_settings(), workplace.inbox_folder, Path(workplace.data)):
            if state.problem:
                context.log.warning("source %s did not answer: %s", state.name, state.problem)
        staged = _staged(workplace)
    summaries = [read_submission_summary(entry.folder) for entry in staged]
    for name in dictionary().datasets:
        yield dg.MaterializeResult(
            asset_key=dataset_key(name),
            metadata={"files": sum(name in summary["datasets"] for summary in summaries)},
        )


def _staged(workplace: Workplace) -> list[StagedFile]:
    if not workplace.inbox_folder.is_dir():
        raise RunRefused(sentence("run.no_inbox", "zh", inbox=workplace.inbox_folder))
    return stage(workplace.inbox_folder, Path(workplace.data))


@dg.multi_asset(
    name="warehouse",
    specs=[_model_spec(model) for model in models()],
    check_specs=[
        dg.AssetCheckSpec(name, asset=dg.AssetKey([table]), blocking=True)
        for table, name in checks.checks()
        if table in {model.name for model in models()}
    ],
)
def warehouse(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Builds a new snapshot aside, checks it, and publishes it; nothing is built where the same snapshot already stands."""
    data = Path(workplace.data)
    with workplace.alone():
        inputs = RunInputs(
            tuple(_staged(workplace)),
            read_policy(workplace.policy),
            workplace.year or None,
            (workplace.inbox_folder / SIMULATED_MARKER).exists(),
            entries_of(data),
        )
        standing = snapshot.standing_snapshot(data, inputs.snapshot_id)
        if standing:
            yield from _standing_results(standing)
            if snapshot.published(data) != standing:
                snapshot.publish(data, inputs.snapshot_id)
            context.log.info("snapshot %s already stands", inputs.snapshot_id)
        else:
            with workplace.makes() as make:
                yield from _built(context, data, inputs, make)
        (data / "last_run").touch()


def _built(
    context: dg.AssetExecutionContext, data: Path, inputs: RunInputs, make: Make
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Builds, checks and publishes; whatever goes wrong, no half-built file is left. RunRefused where a check fails."""
    building = snapshot.building_path(data, inputs.snapshot_id)
    try:
        with build.connect_for_models(str(building)) as con:
            build.load_inputs(con, inputs)
            for model, rows in build.run_models(con, inputs.policy, make=make):
                yield dg.MaterializeResult(asset_key=dg.AssetKey([model.name]), metadata={"dagster/row_count": rows})
            build.seal(con, inputs)
            for result in checks.run_checks(con):
                told = {"table": result.table, "name": result.name, "at_fault": result.at_fault, "first": result.first}
                if dg.AssetKey([result.table]) in context.assets_def.keys:
                    yield dg.AssetCheckResult(
                        asset_key=dg.AssetKey([result.table]),
                        check_name=result.name,
                        passed=result.has_passed,
                        metadata={"at_fault": result.at_fault, "first": result.first},
                    )
                if not result.has_passed:
                    raise RunRefused(sentence("run.check_failed", "zh", **told))
        snapshot.publish(data, inputs.snapshot_id, building)
    finally:
        snapshot.discard_builds(data)


def _standing_results(standing: Path) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """What a finished snapshot already holds: it got its name only after every check had passed. Dagster demands an outcome of each."""
    with snapshot.open_snapshot(standing) as con:
        rows = dict(con.execute("select table_name, estimated_size from duckdb_tables()").fetchall())
    for model in models():
        yield dg.MaterializeResult(asset_key=dg.AssetKey([model.name]), metadata={"dagster/row_count": rows[model.name]})
    for table, name in checks.checks():
        if any(model.name == table for model in models()):
            yield dg.AssetCheckResult(asset_key=dg.AssetKey([table]), check_name=name, passed=True, metadata={"checked": "when built"})

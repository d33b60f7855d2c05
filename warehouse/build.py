"""Making a snapshot's tables: what goes into a run, loading it into a database, running the models over it, and sealing the result."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache, wraps
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import duckdb
import pandas as pd

from warehouse import certainty
from warehouse.decisions import ACTS
from warehouse.dictionary import Dataset, dictionary
from warehouse.ledger import ENTRY_COLUMNS
from warehouse.lineage import Model, models
from warehouse.loading import load_builtin, load_dictionary, load_policy, load_table
from warehouse.policy import Policy
from warehouse.refusal import RunRefused
from warehouse.staging import StagedFile, read_submission_summary
from warehouse.texts import Language, sentence

MEMORY_OF_A_BUILD = 5 * 2**30  # what is larger rests on disk
SQL_TYPES = {"secret": "ubigint", "year": "integer", "month": "integer", "count": "bigint", "decimal": "double", "flag": "boolean"}


@dataclass(frozen=True)
class RunInputs:
    """All that a snapshot is made from. `submissions` in order of submission; `year` None: the latest graduates year; `decided`: the
    ledger's entries (ledger.Ledger.entries)."""

    submissions: tuple[StagedFile, ...]
    policy: Policy
    year: int | None = None
    is_simulated: bool = False
    decided: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=ENTRY_COLUMNS))

    @property
    def snapshot_id(self) -> str:
        """The same inputs, policy and version give the same id: twelve hexadecimal digits.

        The order of submission counts only between files that speak of the same dataset, year and school.
        """
        parts = [
            version("majorwatch"),
            code_fingerprint(),
            self.policy.model_dump_json(),
            self.year,
            self.is_simulated,
            sorted((entry.file, entry.content_hash) for entry in self.submissions),
            self._contested_orders(),
            self.decided.astype("string").to_csv(),
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:12]

    def _contested_orders(self) -> list[tuple[str, ...]]:
        speakers: dict[tuple, list[str]] = defaultdict(list)
        for entry in self.submissions:
            for scope in read_submission_summary(entry.folder)["scopes"]:
                speakers[tuple(scope)].append(entry.file)
        return sorted({tuple(order) for order in speakers.values() if len(order) > 1})


@cache
def code_fingerprint() -> str:
    """Changes when a model, text, or anything else of the warehouse changes, so that no older snapshot passes for a new one."""
    digest = hashlib.sha256()
    root = Path(str(files("warehouse")))
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".sql", ".toml", ".csv"}:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def connect_for_models(path: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A writable database with the functions that the models call, of Python and of SQL."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    con = duckdb.connect(path, config={"memory_limit": f"{min(MEMORY_OF_A_BUILD, memory // 2)}B"})
    con.create_function("sentence", _sentences, ["VARCHAR", "VARCHAR", "VARCHAR"], "VARCHAR", type="arrow")
    con.create_function("normalised", folded_name, ["VARCHAR"], "VARCHAR")
    for function, arguments in ((certainty.probability_below, 3), (certainty.normal_below, 1), (certainty.beta_binomial_below, 4)):
        con.create_function(function.__name__, _over_arrow(function), ["DOUBLE"] * arguments, "DOUBLE", type="arrow")
    con.execute(
        "create temp macro figure(number, unit, language) as case when unit = 'ratio' then regexp_replace(printf('%.1f%%', number * 100.0), '\\.0%$', '%') "
        "else regexp_replace(printf('%.2f', number::double), '\\.?0+$', '') || sentence('unit.' || unit, language, '{}') end"
    )
    con.execute("create temp macro sureness(probability) as if(probability >= 0.9995, '>99.9%', printf('%.1f%%', probability * 100.0))")
    con.execute("create temp macro fraction(k, n) as coalesce(printf('(%d/%d)', k::bigint, n::bigint), '')")
    return con


def _sentences(keys, languages, values):
    """Sentences of the language files, over arrow arrays; `values` are JSON. NULL where one of the three is."""
    import pyarrow as pa

    return pa.array(map(_sentence_from_json, keys.to_pylist(), languages.to_pylist(), values.to_pylist()), pa.string())


@lru_cache(maxsize=100_000)
def _sentence_from_json(key: str | None, language: Language | None, values: str | None) -> str | None:
    return sentence(key, language, **json.loads(values)) if key and language and values else None


def folded_name(name: str) -> str:
    """A name as it is compared: compatibility forms folded, without any space."""
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _over_arrow(function: Callable) -> Callable:
    """The same function of arrow arrays."""
    import pyarrow as pa

    @wraps(function)  # the database reads the number of arguments from it
    def over_arrow(*columns):
        return pa.array(function(*(column.to_numpy(zero_copy_only=False) for column in columns)))

    return over_arrow


def load_inputs(con: duckdb.DuckDBPyConnection, inputs: RunInputs) -> None:
    """Loads what no model makes: submissions (temporary), the built-in catalogue (temporary), policy, dictionary, settings."""
    for dataset in dictionary().datasets.values():
        _load_dataset(con, dataset, inputs.submissions)
    _load_summaries(con, inputs.submissions)
    load_builtin(con)
    con.execute("create temp table run_setting as select ?::integer as requested_year", [inputs.year])
    load_policy(con, inputs.policy)
    load_dictionary(con)
    _load_ledger(con, inputs.decided)


def _load_dataset(con: duckdb.DuckDBPyConnection, dataset: Dataset, submissions: tuple[StagedFile, ...]) -> None:
    """Records of persons are read where they are staged, as there may be a hundred million of them; all else is loaded."""
    columns = {column.name: SQL_TYPES.get(column.kind, "varchar") for column in dataset.columns}
    handed_in = [
        (str(entry.folder / f"{dataset.name}.parquet"), entry.file, rank)
        for rank, entry in enumerate(submissions)
        if (entry.folder / f"{dataset.name}.parquet").exists()
    ]
    if not handed_in:
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        con.execute(f'create temp table submitted_{dataset.name} (file varchar, file_rank integer, sheet varchar, "row" bigint, {typed})')
        return
    load_table(con, f"temp table staged_{dataset.name}", "path varchar, file varchar, file_rank integer", handed_in)
    paths = ", ".join(f"'{path.replace(chr(39), chr(39) * 2)}'" for path in sorted({path for path, _, _ in handed_in}))
    typed = ", ".join(f"{name}::{kind} as {name}" for name, kind in columns.items())
    con.execute(
        f"create temp {'view' if dataset.is_of_persons else 'table'} submitted_{dataset.name} as select staged.file, staged.file_rank, "
        f'sheet::varchar as sheet, "row"::bigint as "row", {typed} '
        f"from read_parquet([{paths}], union_by_name = true, filename = 'staged_from') join staged_{dataset.name} as staged on path = staged_from"
    )


def _load_summaries(con: duckdb.DuckDBPyConnection, submissions: tuple[StagedFile, ...]) -> None:
    summaries = [(entry, read_submission_summary(entry.folder)) for entry in submissions]
    load_table(
        con,
        "temp table submitted_file",
        "file varchar, content_hash varchar, datasets varchar, rows_found bigint, rows_accepted bigint, rows_rejected bigint, "
        "rows_skipped bigint, ignored_columns varchar",
        [
            (
                entry.file,
                entry.content_hash,
                ";".join(summary["datasets"]),
                summary["rows_found"],
                summary["rows_accepted"],
                summary["rows_rejected"],
                summary["rows_skipped"],
                "、".join(summary["ignored_columns"]),
            )
            for entry, summary in summaries
        ],
    )
    load_table(
        con,
        "temp table submitted_header",
        "file varchar, sheet varchar, dataset varchar, header_row bigint, column_name varchar, header varchar",
        [
            (entry.file, sheet["sheet"], sheet["dataset"], sheet["header_row"], name, header)
            for entry, summary in summaries
            for sheet in summary["sheets"]
            for name, header in sheet["headers"].items()
        ],
    )
    load_table(
        con,
        "temp table submitted_total",
        'file varchar, sheet varchar, "row" bigint, header varchar, stated bigint, summed bigint',
        [
            (entry.file, *(total[name] for name in ("sheet", "row", "header", "stated", "summed")))
            for entry, summary in summaries
            for total in summary["totals"]
        ],
    )
    load_table(
        con,
        "temp table submitted_reject",
        'file varchar, sheet varchar, "row" bigint, header varchar, value varchar, reason_zh varchar, reason_en varchar',
        [
            (entry.file, *(reject[name] for name in ("sheet", "row", "header", "value", "reason_zh", "reason_en")))
            for entry, summary in summaries
            for reject in summary["rejects"]
        ],
    )


def _load_ledger(con: duckdb.DuckDBPyConnection, decided: pd.DataFrame) -> None:
    kinds = dict.fromkeys(ENTRY_COLUMNS, "varchar") | dict.fromkeys(("number", "year", "undoes"), "integer")
    kinds |= dict.fromkeys(("plan", "suggested_plan"), "bigint") | {"is_effective": "boolean", "sort": "varchar"}
    con.execute(f"create table ledger_entry ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
    if len(decided):
        con.register("decided", decided.assign(sort=decided["act"].map(lambda name: ACTS[name].sort)))
        con.execute("insert into ledger_entry by name select * from decided")
        con.unregister("decided")


Make = Callable[[duckdb.DuckDBPyConnection, Model], None]


def make_here(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """The table of a model, made by this database."""
    con.execute(f"create table {model.name} as {model.sql}")


def run_models(
    con: duckdb.DuckDBPyConnection,
    policy: Policy,
    chosen: tuple[Model, ...] | None = None,
    make: Make = make_here,
) -> Iterator[tuple[Model, int]]:
    """Makes one table per model, in order; yields each with its rows. RunRefused as soon as the facts show that nothing can be judged."""
    from warehouse.variants import load_variant_levels  # variants are judged by these same models

    for model in chosen or models():
        if "variant_level" in model.reads:
            load_variant_levels(con, policy)
        make(con, model)
        rows = _scalar(con, f"select count(*) from {model.name}")
        if model.name == "schools" and not rows:
            raise RunRefused(sentence("run.no_register", "zh"))
        if model.name == "assessment":
            _refuse_year_without_data(con)
        yield model, rows


def _refuse_year_without_data(con: duckdb.DuckDBPyConnection) -> None:
    year, first, last = con.execute("select assessment_year, first_year, last_year from assessment").fetchall()[0]
    if first is None or year is None:
        raise RunRefused(sentence("run.no_rows", "zh"))
    if not first <= year <= last:
        raise RunRefused(sentence("run.year_outside", "zh", year=year, first=first, last=last))


def seal(con: duckdb.DuckDBPyConnection, inputs: RunInputs) -> None:
    """Adds the snapshot's own row and the meaning of every column, and writes everything to the file."""
    con.execute(
        "create table snapshot as select ? as snapshot_id, policy_id, title_zh as policy_title_zh, title_en as policy_title_en, "
        "basis as policy_basis, area, assessment_year, first_year, ?::boolean as is_simulated, ? as version, ? as code_fingerprint, ? as policy_json "
        "from policy, assessment",
        [inputs.snapshot_id, inputs.is_simulated, version("majorwatch"), code_fingerprint(), inputs.policy.model_dump_json()],
    )
    columns = dictionary().columns
    con.execute(
        "create table dictionary_column (table_name varchar, column_name varchar, label_zh varchar, label_en varchar, unit varchar, "
        "meaning_zh varchar, meaning_en varchar, source varchar)"
    )
    named = con.execute(
        "select table_name, column_name from duckdb_columns() where database_name = current_database() and not internal "
        "order by table_name, column_index"
    ).fetchall()
    con.executemany(
        "insert into dictionary_column values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                table,
                name,
                columns[name].label.zh,
                columns[name].label.en,
                columns[name].unit,
                columns[name].meaning.zh,
                columns[name].meaning.en,
                columns[name].source,
            )
            for table, name in named
            if name in columns
        ],
    )
    con.execute("checkpoint")


def _scalar(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return row[0] if row else 0

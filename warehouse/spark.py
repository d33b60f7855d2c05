"""The heavy models on Apache Spark, from the very same SQL files; the snapshot they end up in is the same DuckDB file.

What a model reads is handed to Spark as Parquet under DATA/spark, what it makes comes back the same way; student records are read where they are
staged. DATA lies on storage that the driver and the executors share; settings say how the cluster addresses it.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import sqlglot

from warehouse.build import Make, folded_name, make_here
from warehouse.dictionary import dictionary
from warehouse.lineage import Model
from warehouse.refusal import RunRefused
from warehouse.settings import SparkSettings
from warehouse.texts import sentence

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FOLDERS = ("facts", "indicators")
# Ways of writing, pairs of majors and reasons in words: a few thousand rows, found with functions and recursion that Spark lacks.
STAYS = {"school_succession", "school_reference", "major_reference", "major_pair", "major_cluster", "reject"}


def is_heavy(model: Model) -> bool:
    """Whether the model runs on Spark when that is asked for: facts and indicators, but for those that stay."""
    return model.folder in FOLDERS and model.name not in STAYS


@cache
def in_spark_words(sql: str) -> str:
    """The model's SQL as Spark says it. UnsupportedError where it can't be said: then the model is to be written otherwise."""
    return sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


@contextmanager
def engine(data: Path, settings: SparkSettings) -> Iterator[Make]:
    """What makes a model's table on Spark and brings it into the build. RunRefused where Spark is not installed or doesn't start."""
    try:
        from pyspark.cloudpickle import register_pickle_by_value
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise RunRefused(sentence("run.no_spark", "zh")) from error

    register_pickle_by_value(sys.modules[folded_name.__module__])  # so that executors need nothing of this package
    builder = SparkSession.builder.master(settings.master).appName("majorwatch")
    usual = {"spark.ui.showConsoleProgress": "false", "spark.sql.session.timeZone": "UTC"}
    if settings.master.startswith("local"):
        usual |= {"spark.pyspark.python": sys.executable, "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
    for name, setting in (usual | settings.options).items():
        builder = builder.config(name, setting)
    try:
        spark = builder.getOrCreate()
    except PySparkException as error:
        raise RunRefused(sentence("run.spark_not_started", "zh", master=settings.master, problem=str(error).splitlines()[0])) from error
    spark.sparkContext.setLogLevel("ERROR")
    spark.udf.register("normalised", lambda name: None if name is None else folded_name(name))
    handed = data / "spark"
    shutil.rmtree(handed, ignore_errors=True)
    handed.mkdir(parents=True)
    exchange = _Exchange(spark, data, settings.shared or data.resolve().as_uri())
    try:
        yield exchange.make
    finally:
        spark.stop()
        shutil.rmtree(handed, ignore_errors=True)


class _Exchange:
    """Tables that Spark and the build both know."""

    def __init__(self, spark: "SparkSession", data: Path, shared: str) -> None:
        self.spark, self.data, self.shared = spark, data, shared.rstrip("/")
        self.known: set[str] = set()

    def make(self, con: duckdb.DuckDBPyConnection, model: Model) -> None:
        """The table of the model, made on Spark where it is heavy."""
        if not is_heavy(model):
            make_here(con, model)
            return
        for name in set(model.reads) - self.known:
            self._hand_over(con, name)
        self.spark.sql(in_spark_words(model.sql)).write.mode("overwrite").parquet(f"{self.shared}/spark/{model.name}")
        self._register(model.name)
        con.execute(f"create table {model.name} as {model.sql} limit 0")  # the types are those that DuckDB gives the model
        con.execute(f"insert into {model.name} by name select * from read_parquet('{self.data}/spark/{model.name}/*.parquet')")

    def _hand_over(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        dataset = dictionary().datasets.get(name.removeprefix("submitted_"))
        staged = f"staged_{dataset.name}" if dataset and dataset.is_of_persons else ""
        if staged and con.execute("select 1 from duckdb_tables() where table_name = ?", [staged]).fetchall():
            self._register_staged(con, name, staged)
            return
        (self.data / "spark" / name).mkdir()
        con.execute(f"copy (from {name}) to '{self.data}/spark/{name}/part.parquet' (format parquet)")
        self._register(name)

    def _register_staged(self, con: duckdb.DuckDBPyConnection, name: str, staged: str) -> None:
        """Student records where they are staged, each with its file: what the build sees under the same name."""
        from pyspark.sql import functions as of

        self._hand_over(con, staged)
        paths = [path for (path,) in con.execute(f"select distinct path from {staged} order by path").fetchall()]
        at_end = len(Path(paths[0]).parents[3].as_posix())  # .../DATA/staged/READER/CONTENT/dataset.parquet
        records = self.spark.read.parquet(*(self.shared + path[at_end:] for path in paths))
        place = of.substring_index(of.col("_metadata.file_path"), "/", -2)
        files = self.spark.table(staged).select(of.substring_index("path", "/", -2).alias("place"), "file", "file_rank")
        records.withColumn("place", place).join(of.broadcast(files), "place").drop("place").createOrReplaceTempView(name)
        self.known.add(name)

    def _register(self, name: str) -> None:
        self.spark.read.parquet(f"{self.shared}/spark/{name}").createOrReplaceTempView(name)
        self.known.add(name)

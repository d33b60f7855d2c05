"""From a city towards a country on one machine: student-level records as Parquet, read, judged and published; run by `make bench`.

Prints, all measured in one run: the floor (one DuckDB query over the same files that counts by year, school and major and looks for a student twice), the
product from files to a published snapshot as a multiple of it, peak memory, growth over three sizes, the plain count as an analyst would write it in
pandas and in polars, a new file of 50 rows among those already read, another policy over all, and the demonstration city.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.demo import write_city
from pipelines.run import run
from warehouse.policy import read_policy
from warehouse.snapshot import published
from warehouse.variants import judge_variant, over_snapshot

ROOT = Path(__file__).parents[2]
YEARS = range(2014, 2024)
MAJORS_A_SCHOOL = 12
GRADUATES_A_YEAR = 119
SCHOOLS_A_FILE = 14
SCHOOLS_A_DISTRICT = 24
DESTINATIONS = ["employed", "further_study", "other", "none"]


def write_country(inbox: Path, records: int, seed: int = 1) -> int:
    """Writes register, enrolment, roster and the records of graduates, about 119 a year for every offering; returns how many schools.

    A hundred million records are 7,000 schools; a file of records holds one year of fourteen schools, 20,000 rows.
    """
    dice = np.random.default_rng(seed)
    schools = max(2, round(records / (len(YEARS) * MAJORS_A_SCHOOL * GRADUATES_A_YEAR)))
    codes = pd.read_csv(ROOT / "warehouse" / "reference" / "catalogue.csv", dtype=str)["major_code"].to_numpy()
    inbox.mkdir(parents=True)
    names = np.array([f"S{number:05d}" for number in range(schools)])
    districts = np.array([f"D{number // SCHOOLS_A_DISTRICT:03d}" for number in range(schools)])
    pd.DataFrame({"school_id": names, "school_name": names, "district_code": districts, "district_name": districts}).to_parquet(
        inbox / "schools.parquet", index=False
    )
    offered = np.concatenate([dice.choice(codes, MAJORS_A_SCHOOL, replace=False) for _ in range(schools)])
    owners = np.repeat(names, MAJORS_A_SCHOOL)
    rate = dice.beta(18, 1.6, len(owners))
    size = dice.gamma(3, GRADUATES_A_YEAR / 3, len(owners))
    for year in YEARS:
        plan = np.maximum(10, size * dice.uniform(0.9, 1.3, len(owners))).astype(int)
        base = pd.DataFrame({"year": year, "school_id": owners, "major_code": offered})
        base.assign(plan=plan, admitted=plan, registered=(plan * dice.uniform(0.5, 1, len(owners))).astype(int)).to_parquet(
            inbox / f"enrolment{year}.parquet", index=False
        )
        base.assign(students=plan * 3, leavers=dice.integers(0, 6, len(owners))).to_parquet(inbox / f"roster{year}.parquet", index=False)
        graduates = dice.poisson(size)
        for first in range(0, len(owners), SCHOOLS_A_FILE * MAJORS_A_SCHOOL):
            some = slice(first, first + SCHOOLS_A_FILE * MAJORS_A_SCHOOL)
            which = np.repeat(np.arange(len(owners))[some], graduates[some])
            is_placed = dice.random(len(which)) < rate[which]
            numbers = 10_000_000_000 * (year - 2000) + first * 1_000_000 + np.arange(len(which))
            pq.write_table(
                pa.table(
                    {
                        "year": pa.array(np.full(len(which), year, dtype="int32")),
                        "student_id": pa.array(numbers).cast(pa.string()),
                        "school_id": owners[which],
                        "major_code": offered[which],
                        "destination": pa.DictionaryArray.from_arrays(dice.integers(0, 2, len(which)) + 2 * ~is_placed, DESTINATIONS),
                    }
                ),
                inbox / f"records{year}-{first // (SCHOOLS_A_FILE * MAJORS_A_SCHOOL):04d}.parquet",
            )
    return schools


def floor(inbox: Path) -> None:
    """One query: counts by year, school and major, and students that stand twice in a year."""
    with duckdb.connect() as con:
        con.execute(
            f"create table counted as select year, school_id, major_code, count(*), count(*) filter (where destination = 'employed') from '{inbox}/records*.parquet' group by all"
        )
        con.execute(f"create table twice as select year, student_id from '{inbox}/records*.parquet' group by all having count(*) > 1")


def in_pandas(inbox: Path) -> None:
    """What an analyst would write: read all, count, and look whose rate was below 90 % three years running."""
    rows = pd.concat([pd.read_parquet(path) for path in sorted(inbox.glob("records*.parquet"))], ignore_index=True)
    rows = rows[~rows.duplicated(["year", "student_id"], keep=False)]
    rows["placed"] = rows["destination"].isin(["employed", "further_study"])
    rates = rows.groupby(["year", "school_id", "major_code"])["placed"].agg(["sum", "size"]).reset_index()
    rates["below"] = rates["sum"] / rates["size"] < 0.9
    rates.sort_values("year").groupby(["school_id", "major_code"])["below"].rolling(3).sum()


def in_polars(inbox: Path) -> None:
    """The same in polars, lazily."""
    rows = pl.scan_parquet(inbox / "records*.parquet").filter(pl.struct("year", "student_id").is_unique())
    placed = pl.col("destination").cast(pl.String).is_in(["employed", "further_study"])
    rates = rows.group_by("year", "school_id", "major_code").agg((placed.sum() / pl.len() < 0.9).alias("below"))
    rates.sort("year").with_columns(pl.col("below").cast(pl.Int8).rolling_sum(3).over("school_id", "major_code")).collect()


def product(data: Path) -> None:
    """From files to a published snapshot."""
    run(data, policy=str(data.parent / "country.toml"))


def one_variant(data: Path) -> None:
    """Every offering and year judged by another published policy over the snapshot."""
    path = published(data)
    assert path
    with over_snapshot(path) as con:
        judge_variant(con, read_policy("guangxi-2023"), read_policy(str(data.parent / "country.toml")), "snapshot_file.main")


def city(data: Path) -> None:
    """The demonstration city: from its files to published."""
    run(data)


def measured(work: Callable[[Path], None], given: Path) -> tuple[float, float]:
    """Seconds, and the most memory (MB) held at once by a process of its own with all that it starts, looked at every second."""
    process = multiprocessing.get_context("fork").Process(target=work, args=[given])
    began, peak = time.perf_counter(), 0
    process.start()
    while process.is_alive():
        peak = max(peak, _memory_of(process.pid))
        process.join(1)
    seconds = time.perf_counter() - began
    if process.exitcode:
        raise RuntimeError(f"{work.__name__} failed")
    return seconds, peak / 2**20


def _memory_of(pid: int | None) -> int:
    held = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            held += process.memory_full_info().pss
    except psutil.NoSuchProcess:
        pass
    return held


def main(records: int, scratch: str | None) -> None:
    """Measures three sizes, each ten times the one before, and prints the tables."""
    with contextlib.nullcontext(scratch) if scratch else tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        default = (ROOT / "warehouse" / "policies" / "nanchang-2019.toml").read_text("utf-8")
        (place / "country.toml").write_text(default.replace('area = "city"', 'area = "district"'), "utf-8")
        print("| records | schools | files | floor, s | files to published, s | times the floor | peak MB |\n|---|---|---|---|---|---|---|")
        sizes = [records // 100, records // 10, records]
        seconds: list[float] = []
        for size in sizes:
            data = place / str(size)
            schools = write_country(data / "inbox", size)
            files = sum(1 for _ in (data / "inbox").iterdir())
            least, (spent, peak) = measured(floor, data / "inbox")[0], measured(product, data)
            seconds.append(spent)
            print(f"| {size:,} | {schools:,} | {files:,} | {least:.1f} | {spent:.1f} | {spent / least:.1f} | {peak:,.0f} |", flush=True)
        growth = [float(np.log10(after / before)) for before, after in itertools.pairwise(seconds)]
        print(f"\ngrowth with ten times the records: exponent {growth[0]:.2f}, then {growth[1]:.2f}\n")
        print("| | s | compared |\n|---|---|---|")
        tenth, whole = place / str(sizes[1]), place / str(sizes[2])
        for name, work in (("pandas", in_pandas), ("polars", in_polars)):
            spent, _ = measured(work, tenth / "inbox")
            print(
                f"| the plain count in {name}, {sizes[1]:,} records | {spent:.1f} | the product takes {seconds[1] / spent:.1f} times as long |",
                flush=True,
            )
        some = pd.read_parquet(next((whole / "inbox").glob("records*.parquet"))).head(50)
        some.assign(student_id="N" + some["student_id"]).to_parquet(whole / "inbox" / "records-late.parquet", index=False)
        spent, _ = measured(product, whole)
        print(f"| a new file of 50 rows among those read | {spent:.1f} | {spent / seconds[2]:.0%} of the cold run |", flush=True)
        with duckdb.connect(str(published(whole)), read_only=True) as con:
            ((judged,),) = con.execute("select count(*) from warning").fetchall()
        spent, _ = measured(one_variant, whole)
        print(f"| another policy over {judged:,} offering-years | {spent:.1f} | {spent / seconds[2]:.0%} of the cold run |", flush=True)
        write_city(place / "city" / "inbox")
        spent, _ = measured(city, place / "city")
        print(f"| the demonstration city, files to published | {spent:.1f} | |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--scratch", help="where the files are written and left; a hundred million records need 15 GB")
    given = parser.parse_args()
    sys.exit(main(given.records, given.scratch))

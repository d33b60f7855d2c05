"""From a city towards a country on one machine: student-level records as Parquet, read, judged and published; run by `make bench`.

Prints, all measured in one run: the floor (one DuckDB query over the same files that counts by year, school and major and looks for a student twice), the
product from files to a published snapshot as a multiple of it, the same counts as an analyst would write them in pandas, peak memory, growth from a
tenth of the rows, and a new file of 50 rows among those already read.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from pipelines.run import run

ROOT = Path(__file__).parents[2]
YEARS = range(2014, 2024)
MAJORS_A_SCHOOL = 12
RECORDS_A_FILE = 20_000
DESTINATIONS = np.array(["employed", "further_study", "other", "none"])


def write_country(inbox: Path, records: int, seed: int = 1) -> int:
    """Writes register, enrolment, roster and the records of graduates, about 60 a year for every offering; returns how many schools."""
    dice = np.random.default_rng(seed)
    schools = max(2, round(records / (len(YEARS) * MAJORS_A_SCHOOL * 60)))
    codes = pd.read_csv(ROOT / "warehouse" / "reference" / "catalogue.csv", dtype=str)["major_code"].to_numpy()
    inbox.mkdir(parents=True)
    names = np.array([f"S{number:05d}" for number in range(schools)])
    districts = np.array([f"D{number % 300:03d}" for number in range(schools)])
    pd.DataFrame({"school_id": names, "school_name": names, "district_code": districts, "district_name": districts}).to_parquet(
        inbox / "schools.parquet", index=False
    )
    offered = np.concatenate([dice.choice(codes, MAJORS_A_SCHOOL, replace=False) for _ in range(schools)])
    owners = np.repeat(names, MAJORS_A_SCHOOL)
    rate = dice.beta(18, 1.6, len(owners))
    for year in YEARS:
        plan = dice.integers(30, 120, len(owners))
        base = pd.DataFrame({"year": year, "school_id": owners, "major_code": offered})
        base.assign(plan=plan, admitted=plan, registered=(plan * dice.uniform(0.5, 1, len(owners))).astype(int)).to_parquet(
            inbox / f"enrolment{year}.parquet", index=False
        )
        base.assign(students=plan * 3, leavers=dice.integers(0, 6, len(owners))).to_parquet(inbox / f"roster{year}.parquet", index=False)
    left, number = records, 0
    while left > 0:
        count = min(RECORDS_A_FILE, left)
        which = dice.integers(0, len(owners), count)
        year = YEARS[number % len(YEARS)]
        is_placed = dice.random(count) < rate[which]
        chosen = np.where(is_placed, dice.integers(0, 2, count), dice.integers(2, 4, count))
        pd.DataFrame(
            {
                "year": year,
                "student_id": [f"{number:06d}{place:06d}" for place in range(count)],
                "school_id": owners[which],
                "major_code": offered[which],
                "destination": DESTINATIONS[chosen],
            }
        ).to_parquet(inbox / f"records{number:05d}.parquet", index=False)
        left, number = left - count, number + 1
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


def measured(work: Callable[..., object], *given: object) -> tuple[float, float]:
    """Seconds, and the largest memory (MB) of a process of its own and of those it starts."""
    queue = multiprocessing.get_context("fork").Queue()

    def timed() -> None:
        began = time.perf_counter()
        work(*given)
        seconds = time.perf_counter() - began
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
        queue.put((seconds, peak))

    process = multiprocessing.get_context("fork").Process(target=timed)
    process.start()
    told = queue.get()
    process.join()
    return told


def main(records: int) -> None:
    """Measures and prints the table."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        tenth, whole = place / "tenth", place / "whole"
        schools = write_country(whole / "inbox", records)
        write_country(tenth / "inbox", records // 10)
        rows = {
            "floor: one query": measured(floor, whole / "inbox"),
            "pandas: the plain count": measured(in_pandas, whole / "inbox"),
            "files to published": measured(run, whole),
            "a tenth of the rows": measured(run, tenth),
        }
        last = pd.read_parquet(whole / "inbox" / "records00000.parquet").head(50)
        last.assign(student_id="N" + last["student_id"]).to_parquet(whole / "inbox" / "records99999.parquet", index=False)
        rows["a new file of 50 rows"] = measured(run, whole)
        files = sum(1 for _ in (whole / "inbox").iterdir())
    base, cold = rows["floor: one query"][0], rows["files to published"][0]
    print(f"\n{records:,} records, {schools:,} schools, {files:,} files\n")
    print("| | seconds | times the floor | peak MB of one process |\n|---|---|---|---|")
    for name, (seconds, peak) in rows.items():
        print(f"| {name} | {seconds:.1f} | {seconds / base:.1f} | {peak:,.0f} |")
    growth = np.log10(cold / rows["a tenth of the rows"][0])
    print(f"\ngrowth from a tenth: exponent {growth:.2f}; the new file costs {rows['a new file of 50 rows'][0] / cold:.0%} of the cold run")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    sys.exit(main(parser.parse_args().records))

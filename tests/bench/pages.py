"""Server time of every page with one session, on the demonstration city and on a province: run by `make bench`.

Each page is drawn by Streamlit's own test runner in this process, so the time is the script's own; the browser's drawing is not in it.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from dashboards.navigation import VIEWS
from pipelines.demo import write_city
from pipelines.run import run
from warehouse.snapshot import open_snapshot, published

ROUNDS = 10


def draw(view: str, snapshot: str, data: str, year: int) -> None:
    """One page run, as the frame would do it."""
    from pathlib import Path

    import streamlit as st

    from dashboards.navigation import VIEWS
    from dashboards.page import Page

    st.session_state["pages"] = {name: f"http://127.0.0.1/{name}" for name in VIEWS}  # there is no navigation to link to
    VIEWS[view](Page(Path(data), Path(snapshot), year, "zh", is_simulated=True))


def _seconds(view: str, snapshot: Path, data: Path, year: int) -> float:
    app = AppTest.from_function(draw, args=(view, str(snapshot), str(data), year), default_timeout=120)
    began = time.perf_counter()
    app.run()
    took = time.perf_counter() - began
    if app.exception:
        raise RuntimeError(f"{view}: {app.exception[0].message}")
    return took


def measure(data: Path) -> list[tuple[str, float, float]]:
    """Page, p50 and p95 in seconds over ROUNDS runs, after one that fills the caches."""
    snapshot = published(data)
    if snapshot is None:
        raise FileNotFoundError(data / "current")
    with open_snapshot(snapshot) as con:
        year = con.execute("select assessment_year from snapshot").fetchall()[0][0]
    rows = []
    for view in VIEWS:
        _seconds(view, snapshot, data, year)
        times = [_seconds(view, snapshot, data, year) for _ in range(ROUNDS)]
        rows.append((view, statistics.median(times), float(np.quantile(times, 0.95))))
    return rows


def main() -> None:
    """Prints one table per city."""
    cities = {"city (30 schools, 300 offerings, 7 years)": {}}
    if "--province" in sys.argv:
        cities["province (400 schools, 5,000 offerings, 10 years)"] = {
            "schools": 400,
            "points": 5000,
            "first_year": 2016,
            "last_year": 2025,
        }
    with tempfile.TemporaryDirectory() as folder:
        built = {}
        for place, (name, size) in enumerate(cities.items()):
            data = Path(folder) / str(place)
            write_city(data / "inbox", **size)
            began = time.perf_counter()
            run(data)
            built[name] = (data, time.perf_counter() - began)
        for name, (data, took) in built.items():
            print(f"\n{name}: files to published in {took:.0f} s\n")
            print("| page | p50 | p95 |\n|---|---|---|")
            for view, *times in measure(data):
                print(f"| {view} | " + " | ".join(f"{seconds:.2f} s" for seconds in times) + " |")


if __name__ == "__main__":
    main()

"""Server time of every page, with one session and with thirty, on the demonstration city and on a province: run by `make bench`.

The dashboard runs as its command starts it; sessions ask over its own websocket, so the time is from the click to the end of the page's script.
The browser's drawing is not in it.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from itertools import chain
from pathlib import Path

import numpy as np

from dashboards.navigation import VIEWS
from pipelines.demo import write_city
from pipelines.run import run
from tests.serving import serve
from tests.session import Session

ROUNDS = 10
SESSIONS = 30
CLICKS = 8
PAUSE = (2.0, 8.0)  # seconds that a reader looks at a page before the next click


async def alone(address: str) -> dict[str, list[float]]:
    """Seconds per page with one session, ROUNDS of each, after one that fills the caches."""
    times: dict[str, list[float]] = defaultdict(list)
    async with Session(address) as session:
        for view in VIEWS:
            for number in range(ROUNDS + 1):
                drawn = await session.draw(view)
                if drawn.exceptions:
                    raise RuntimeError(f"{view}: {drawn.exceptions[0]}")
                if number:
                    times[view].append(drawn.seconds)
    return times


async def together(addresses: list[str]) -> dict[str, list[float]]:
    """Seconds per page with SESSIONS at once over the processes in turn, each clicking CLICKS random pages with a PAUSE between."""
    times: dict[str, list[float]] = defaultdict(list)

    async def reader(number: int) -> None:
        dice = random.Random(number)
        async with Session(addresses[number % len(addresses)]) as session:
            for _ in range(CLICKS):
                await asyncio.sleep(dice.uniform(*PAUSE))
                view = dice.choice(list(VIEWS))
                times[view].append((await session.draw(view)).seconds)

    await asyncio.gather(*(reader(number) for number in range(SESSIONS)))
    return times


def _row(name: str, *measured: list[float]) -> str:
    figures = [
        f"{figure:.2f} s" for times in measured for figure in ((statistics.median(times), float(np.quantile(times, 0.95))) if times else ())
    ]
    return f"| {name} | " + " | ".join(figures) + " |"


def main() -> None:
    """Prints one table per city, or that of the data folder given."""
    if "--data" in sys.argv:
        _measure(Path(sys.argv[sys.argv.index("--data") + 1]))
        return
    cities: dict[str, dict[str, int]] = {"city (30 schools, 300 offerings, 7 years)": {}}
    if "--province" in sys.argv:
        cities["province (400 schools, 5,000 offerings, 10 years)"] = {
            "schools": 400,
            "points": 5000,
            "first_year": 2016,
            "last_year": 2025,
        }
    for name, size in cities.items():
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            write_city(data / "inbox", **size)
            began = time.perf_counter()
            run(data)
            print(f"\n{name}: files to published in {time.perf_counter() - began:.0f} s\n")
            _measure(data)


def _measure(data: Path) -> None:
    with serve(data) as first, serve(data) as second:  # a process per core, as the services have them
        one, many = asyncio.run(alone(first)), asyncio.run(together([first, second]))
    print(f"| page | 1 session p50 | p95 | {SESSIONS} sessions p50 | p95 |\n|---|---|---|---|---|")
    for view in VIEWS:
        print(_row(view, one[view], many[view]))
    print(_row("all", list(chain(*one.values())), list(chain(*many.values()))), flush=True)


if __name__ == "__main__":
    main()

"""Pictures of every page, small, for the documents: run by `make screenshots` over the demonstration city."""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from dashboards.navigation import VIEWS
from tests.browser.conftest import FLAGS, settled
from tests.pipelines.test_story import STORY, City
from tests.serving import serve
from tests.session import path_of

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def main(data: Path) -> None:
    """One PNG per page, Chinese, at the size of an office screen; colours reduced so that the files stay small."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serve(data) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for name in VIEWS:
            _picture(page, f"{address}/{path_of(name)}", name)
        browser.close()


def story() -> None:
    """The two pictures of docs/story.md: what waited in 2023, and the course of the case at its end."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        city = City(Path(scratch) / "data")
        for place, chapter in enumerate(STORY):
            city.play(chapter)
            if name := {2: "todo", len(STORY) - 1: "ledger"}.get(place):
                with serve(city.data) as address:
                    _picture(page, f"{address}/{name}", f"story-{name}", ticks=True)
        browser.close()


def _picture(page: Page, address: str, name: str, ticks: bool = False) -> None:
    page.goto(address)
    settled(page)
    if ticks and (box := page.get_by_test_id("stDataFrame").first.bounding_box()):
        page.mouse.click(box["x"] + 17, box["y"] + 52)
    page.wait_for_timeout(2500)  # figures draw themselves after the script has ended
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(96, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    story()

"""Pictures of every page, small, for the documents: run by `make screenshots` over the demonstration city."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from dashboards.navigation import VIEWS, path_of
from tests.browser.conftest import FLAGS, serve

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def main(data: Path) -> None:
    """One PNG per page, Chinese, at the size of an office screen; colours reduced so that the files stay small."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serve(data) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for name in VIEWS:
            page.goto(f"{address}/{path_of(name)}")
            expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
            page.wait_for_timeout(2500)  # figures draw themselves after the script has ended
            picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(96, dither=Image.Dither.NONE)
            picture.save(FOLDER / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

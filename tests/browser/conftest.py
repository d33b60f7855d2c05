"""The real dashboard over the demonstration city, driven in the system's own browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.serving import serve

FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict:
    """Debian's chromium; its absence is a failure, as make test installs it."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: run make test, which installs it"
    return {"executable_path": chromium, "args": FLAGS.split()}


@pytest.fixture(scope="session")
def browser_context_args() -> dict:
    """The screen of an office computer."""
    return {"viewport": {"width": 1440, "height": 900}, "accept_downloads": True}


@pytest.fixture(scope="session")
def dashboard(city: Path) -> Iterator[str]:
    """The address of a dashboard that serves the demonstration city."""
    with serve(city) as address:
        yield address


def settled(page: Page) -> None:
    """Waits until the page has sent what was last clicked, and the answer stands on it without an error."""
    # Two drawn frames: a click reaches the server's answer only after the page has taken it, sooner or later with the load of the machine.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))))")
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator(".st-key-older-snapshot")).to_have_count(0)

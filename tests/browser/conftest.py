"""The real dashboard over the demonstration city, driven in the system's own browser."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serve(data: Path, port: int | None = None, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Serves a data folder through the command, on a free port; gives the address once it answers."""
    port = port or free_port()
    serving = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "dashboard", "--data", str(data), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        serving.terminate()
        serving.wait()


def wait_for(address: str) -> None:
    """Returns once the address answers; AssertionError where it never does."""
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{address} never answered")


def settled(page: Page) -> None:
    """Waits until the page has sent what was last clicked, and the answer stands on it without an error."""
    # Two drawn frames: a click reaches the server's answer only after the page has taken it, sooner or later with the load of the machine.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300))))")
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.locator(".st-key-older-snapshot")).to_have_count(0)

"""A dashboard or another server of a test's own, on a free port of this machine."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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

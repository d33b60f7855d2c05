"""A MariaDB server of the tests' own, which speaks MySQL's protocol: Debian's programs, a socket in a folder of its own, no port."""

import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVER = Path("/usr/sbin/mariadbd")


@contextmanager
def running_mariadb() -> Iterator[str]:
    """The SQLAlchemy address of an empty database for as long as it is used; skips where MariaDB is not installed."""
    if not SERVER.exists():
        pytest.skip("MariaDB is not installed: make test installs it")
    folder = Path("/tmp") / f"majorwatch-mariadb-{os.urandom(4).hex()}"
    options = ["--no-defaults", f"--datadir={folder}/base", f"--user={getpass.getuser()}"]
    folder.mkdir()
    subprocess.run(["mariadb-install-db", *options, "--auth-root-authentication-method=normal"], check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([SERVER, *options, f"--socket={folder}/socket", "--skip-networking"], stderr=subprocess.DEVNULL)
    try:
        while not (folder / "socket").exists():
            assert server.poll() is None, "MariaDB did not start"
            time.sleep(0.1)
        subprocess.run(["mariadb", "--no-defaults", f"--socket={folder}/socket", "--user=root", "-e", "create database city"], check=True)
        yield f"mysql+pymysql://root@localhost/city?unix_socket={folder}/socket"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)

"""Files that others may read at any moment: written aside, then put in place, so that what stands is always whole."""

import os
from pathlib import Path


def write_whole(target: Path, content: bytes) -> None:
    """Gives the file this content, or leaves it as it was; its folder is made where there is none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}-{os.getpid()}")
    aside.write_bytes(content)
    aside.replace(target)

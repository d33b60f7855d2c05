"""Every sentence of the screens, by key and language: zh.toml and en.toml beside this file. Labels of columns live in the dictionary."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def texts(language: str) -> dict[str, str]:
    """Sentences by dotted key, such as "overview.title"."""
    tables = tomllib.loads((files("dashboards.texts") / f"{language}.toml").read_text("utf-8"))
    return {f"{table}.{key}": text for table, entries in tables.items() for key, text in entries.items()}


def say(key: str, language: str, /, **values: object) -> str:
    """The sentence `key`, filled in. KeyError for an unknown key: a defect, found by the tests."""
    return texts(language)[key].format(**values)

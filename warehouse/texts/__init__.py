"""Every sentence the warehouse says, by key and language: zh.toml and en.toml beside this file."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["zh", "en"]
Mark = Literal["list", "clause", "sentence", "colon"]


@cache
def sentences(language: Language, package: str = "warehouse.texts") -> dict[str, str]:
    """Templates of a package's language files by dotted key, such as "reject.missing"; placeholders stand in braces."""
    tables = tomllib.loads((files(package) / f"{language}.toml").read_text("utf-8"))
    return {f"{table}.{key}": text for table, texts in tables.items() for key, text in texts.items()}


def sentence(key: str, language: Language, /, **values: object) -> str:
    """The sentence `key`, filled in. KeyError for an unknown key or a missing value: a defect, not bad input."""
    return sentences(language)[key].format(**values)


def joined(parts: Iterable[str], language: Language, mark: Mark = "list") -> str:
    """Words (list), phrases (clause) or sentences one after the other, or what a colon parts, as the language writes it."""
    return sentence(f"mark.{mark}", language).join(parts)

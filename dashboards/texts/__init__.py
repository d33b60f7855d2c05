"""Every sentence of the screens, by key and language: zh.toml and en.toml beside this file. Labels of columns live in the dictionary."""

from warehouse.texts import Language, sentences


def say(key: str, language: Language, /, **values: object) -> str:
    """The sentence `key`, filled in. KeyError for an unknown key: a defect, found by the tests."""
    return sentences(language, "dashboards.texts")[key].format(**values)

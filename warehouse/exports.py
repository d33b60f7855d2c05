"""The warning list and the rejects, as frames, CSV and XLSX (design, section 7). Headings come from the dictionary."""

from io import BytesIO

import duckdb
import pandas as pd

from warehouse.dictionary import dictionary
from warehouse.texts import Language, sentence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def warning_list(
    con: duckdb.DuckDBPyConnection,
    year: int | None = None,
    include_normal: bool = False,
    keys: pd.DataFrame | None = None,
    language: Language = "zh",
) -> pd.DataFrame:
    """The warnings of `year` (default: the assessment year), worst level first; only rows above normal unless `include_normal`.

    `keys` (columns school_id, major_code) keeps only those offerings. Rates are fractions from 0 to 1.
    """
    frame = con.execute(
        f"""
        select warning.year, schools.district_code, schools.district_name, warning.school_id, schools.school_name,
               warning.major_code, catalogue.major_name, warning.level, warning.action, warning.rules, warning.plan,
               warning.recommended_plan, warning.employment_rate, warning.same_major_points, warning.registered,
               warning.reason_{language} as reason, warning.graduates, warning.previous_level, offering.catalogue_status,
               snapshot.is_simulated
        from warning
        join schools on schools.school_id = warning.school_id
        join catalogue on catalogue.major_code = warning.major_code
        join offering on offering.school_id = warning.school_id and offering.major_code = warning.major_code
        cross join snapshot
        where warning.year = coalesce($year, snapshot.assessment_year) and ($include_normal or warning.level_rank > 0)
        order by warning.level_rank desc, schools.district_code, warning.school_id, warning.major_code
        """,
        {"year": year, "include_normal": include_normal},
    ).df()
    for count in ("plan", "recommended_plan", "same_major_points", "registered", "graduates"):
        frame[count] = frame[count].astype("Int64")
    if keys is not None:
        frame = frame.merge(keys[["school_id", "major_code"]].drop_duplicates(), on=["school_id", "major_code"])
    return frame


def reject_list(con: duckdb.DuckDBPyConnection, language: Language = "zh") -> pd.DataFrame:
    """Every rejected row and file: file, sheet, row, column, value, reason. row and column are empty for a whole file."""
    frame = con.execute(
        f'select file, sheet, "row", header as "column", value, reason_{language} as reason from reject '
        'order by file, sheet nulls first, "row" nulls first, header'
    ).df()
    frame["row"] = frame["row"].astype("Int64")
    return frame


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """UTF-8 with BOM, comma, one header line, rates with four digits; no cell starts a formula."""
    return _disarmed(frame).to_csv(index=False, float_format="%.4f", lineterminator="\r\n").encode("utf-8-sig")


def xlsx_bytes(frame: pd.DataFrame, con: duckdb.DuckDBPyConnection, language: Language = "zh") -> bytes:
    """One workbook: the list with frozen header, filters and percentages, and a sheet that says what it is."""
    snapshot = con.execute("select * from snapshot").df().iloc[0]
    labels = {name: column.label[language] for name, column in dictionary().columns.items()}
    labels |= {name: indicator.label[language] for name, indicator in dictionary().indicators.items()}
    labels |= {"reason": sentence("export.reason", language), "column": sentence("export.column", language)}
    shown = _disarmed(_in_words(frame, con, language))
    content = BytesIO()
    with pd.ExcelWriter(
        content,
        engine="xlsxwriter",
        engine_kwargs={"options": {"strings_to_formulas": False, "strings_to_urls": False}},
    ) as writer:
        book = writer.book
        sheet_name = sentence("export.sheet", language)
        shown.rename(columns=labels).to_excel(writer, sheet_name=sheet_name, index=False, freeze_panes=(1, 0))
        sheet = writer.sheets[sheet_name]
        sheet.autofilter(0, 0, max(len(shown), 1), len(shown.columns) - 1)
        percent, wrapped = (
            book.add_format({"num_format": "0.0%"}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        for place, name in enumerate(shown.columns):
            kind = percent if dictionary().indicators.get(name) and dictionary().indicators[name].unit == "ratio" else None
            sheet.set_column(place, place, 60 if name.startswith("reason") else 14, wrapped if name.startswith("reason") else kind)
        notes = {
            sentence("export.policy", language): f"{snapshot[f'policy_title_{language}']}  {snapshot['policy_basis']}",
            sentence("export.snapshot", language): snapshot["snapshot_id"],
            sentence("export.year", language): int(snapshot["assessment_year"]),
        }
        if snapshot["is_simulated"]:
            notes[sentence("export.simulated", language)] = sentence("export.simulated_meaning", language)
        about = pd.DataFrame([*notes.items(), *((labels[name], _meaning(name, language)) for name in shown.columns if name in labels)])
        about.to_excel(writer, sheet_name=sentence("export.about", language), index=False, header=False)
        writer.sheets[sentence("export.about", language)].set_column(0, 1, 40, wrapped)
    return content.getvalue()


def _in_words(frame: pd.DataFrame, con: duckdb.DuckDBPyConnection, language: Language) -> pd.DataFrame:
    """Levels, actions and statuses under the names people use."""
    levels = dict(con.execute(f"select level, title_{language} from policy_level").fetchall())
    rules = dict(con.execute(f"select rule_id, title_{language} from policy_rule").fetchall())
    shown = frame.copy()
    for name in {"level", "previous_level"} & set(frame.columns):
        shown[name] = shown[name].map(levels)
    for name in {"action", "catalogue_status"} & set(frame.columns):
        shown[name] = shown[name].map(lambda code, name=name: sentence(f"{name}.{code}", language))
    if "rules" in frame.columns:
        shown["rules"] = shown["rules"].map(lambda ids: "；".join(rules[one] for one in ids.split(";") if one))
    if "is_simulated" in frame.columns:
        shown["is_simulated"] = shown["is_simulated"].map(lambda simulated: sentence("export.simulated", language) if simulated else "")
    return shown


def _meaning(name: str, language: Language) -> str:
    if name in dictionary().indicators:
        return dictionary().indicators[name].definition[language]
    return dictionary().columns[name].meaning[language] if name in dictionary().columns else ""


def _disarmed(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_bool_dtype(safe[name]):
            safe[name] = safe[name].map(lambda text: f"'{text}" if isinstance(text, str) and text.startswith(FORMULA_STARTS) else text)
    return safe

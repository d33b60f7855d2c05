"""The warning list and the rejects, as frames, CSV and XLSX (docs/data). Headings come from the dictionary."""

from io import BytesIO

import duckdb
import pandas as pd

from warehouse.decisions import appealed, finding_told, standing
from warehouse.dictionary import dictionary
from warehouse.ledger import ENTRY_COLUMNS, details_of
from warehouse.texts import Language, joined, sentence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LONG_TEXTS = ("reason", "lift", "counter", "findings")
LEDGER_LIST = ["moment", "school_id", "school_name", "major_code", "major_name", "number", "year", "level", "suggested", "suggested_plan", "act", "plan",
                  "until", "case_state", "reason", "findings", "document", "undoes", "is_effective", "person", "role", "snapshot_id", "policy_id"]  # fmt: skip


def warning_list(
    con: duckdb.DuckDBPyConnection,
    year: int | None = None,
    include_normal: bool = False,
    keys: pd.DataFrame | None = None,
    language: Language = "zh",
    entries: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The warnings of `year` (default: the assessment year), worst level first; only rows above normal unless `include_normal`.

    `keys` (columns school_id, major_code) keeps only those offerings; what the `entries` of the ledger decided until `year`, and
    whether an appeal is open, is told beside the suggestion.
    Rates are fractions from 0 to 1.
    """
    frame = con.execute(
        f"""
        select warning.year, schools.district_code, schools.district_name, warning.school_id, schools.school_name,
               warning.major_code, catalogue.major_name, warning.level, warning.action, warning.rules, warning.plan,
               warning.recommended_plan, warning.employment_rate, warning.same_major_points, warning.registered,
               warning.reason_{language} as reason, warning.graduates, warning.previous_level, offering.catalogue_status,
               coalesce(recommendation.sureness, '') as sureness, coalesce(recommendation.lift_{language}, '') as lift,
               coalesce(recommendation.counter_{language}, '') as counter, warning.unjudged, snapshot.is_simulated
        from warning
        join schools on schools.school_id = warning.school_id
        join catalogue on catalogue.major_code = warning.major_code
        join offering on offering.school_id = warning.school_id and offering.major_code = warning.major_code
        left join recommendation
          on recommendation.year = warning.year and recommendation.school_id = warning.school_id and recommendation.major_code = warning.major_code
        cross join snapshot
        where warning.year = coalesce($year, snapshot.assessment_year) and ($include_normal or warning.level_rank > 0)
        order by warning.level_rank desc, schools.district_code, warning.school_id, warning.major_code
        """,
        {"year": year, "include_normal": include_normal},
    ).df()
    for count in ("plan", "recommended_plan", "same_major_points", "registered", "graduates"):
        frame[count] = frame[count].astype("Int64")
    if entries is not None:
        decided = standing(entries, year)[["school_id", "major_code", "act", "decided_plan", "case_state"]]
        frame = frame.merge(decided, on=["school_id", "major_code"], how="left")
        frame[["act", "case_state"]] = frame[["act", "case_state"]].fillna("")
        frame["is_appealed"] = pd.MultiIndex.from_frame(frame[["school_id", "major_code"]]).isin(appealed(entries))
    if keys is not None:
        frame = frame.merge(keys[["school_id", "major_code"]].drop_duplicates(), on=["school_id", "major_code"])
    return frame


def ledger_list(con: duckdb.DuckDBPyConnection, entries: pd.DataFrame, language: Language = "zh") -> pd.DataFrame:
    """Every entry with the names of school and major, oldest first; codes (act, case_state, suggested) as they are, findings in words."""
    names = con.execute(
        "select school_id, major_code, school_name, major_name from offering join schools using (school_id) join catalogue using (major_code)"
    ).df()
    frame = (
        entries[ENTRY_COLUMNS]
        .merge(names, on=["school_id", "major_code"], how="left")
        .sort_values(["moment", "school_id", "major_code", "number"])
    )
    frame["findings"] = [
        joined((finding_told(finding, language) for finding in details_of(entry).get("findings", [])), language, "clause")
        for entry in frame.to_dict("records")
    ]
    return frame[LEDGER_LIST].reset_index(drop=True)


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


def xlsx_bytes(
    frame: pd.DataFrame, con: duckdb.DuckDBPyConnection, language: Language = "zh", by: str = "", filters: dict[str, str] | None = None
) -> bytes:
    """One workbook: the list with frozen header, filters, percentages and widths, and a sheet that says what it is.

    `by` names a column whose every value gets a sheet of its own besides; `filters` (what, which) are told on the sheet about it.
    """
    snapshot = con.execute("select * from snapshot").df().iloc[0]
    labels = {name: column.label[language] for name, column in dictionary().columns.items()}
    labels |= {name: indicator.label[language] for name, indicator in dictionary().indicators.items()}
    labels |= {name: sentence(f"export.{name}", language) for name in ("reason", "column", "lift", "counter", "findings")}
    shown = _disarmed(_in_words(frame, con, language))
    content = BytesIO()
    with pd.ExcelWriter(
        content,
        engine="xlsxwriter",
        engine_kwargs={"options": {"strings_to_formulas": False, "strings_to_urls": False}},
    ) as writer:
        book = writer.book
        percent, wrapped = (
            book.add_format({"num_format": "0.0%"}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        parts = {sentence("export.sheet", language): shown}
        if by:
            parts |= {_sheet_name(str(name)): part for name, part in shown.groupby(by, sort=True)}
        for sheet_name, part in parts.items():
            part.rename(columns=labels).to_excel(writer, sheet_name=sheet_name, index=False, freeze_panes=(1, 0))
            sheet = writer.sheets[sheet_name]
            sheet.autofilter(0, 0, max(len(part), 1), len(part.columns) - 1)
            for place, name in enumerate(part.columns):
                is_rate = dictionary().unit(name) == "ratio"
                is_text = name.startswith(LONG_TEXTS)
                width = (
                    60
                    if is_text
                    else min(max(12, 2 + part[name].astype("string").str.len().fillna(0).max() * 1.7), 34)
                    if len(part)
                    else 12
                )
                sheet.set_column(place, place, width, wrapped if is_text else percent if is_rate else None)
        notes = {
            sentence("export.policy", language): f"{snapshot[f'policy_title_{language}']}  {snapshot['policy_basis']}",
            sentence("export.snapshot", language): snapshot["snapshot_id"],
            sentence("export.year", language): int(snapshot["assessment_year"]),
        }
        notes |= filters or {}
        if snapshot["is_simulated"]:
            notes[sentence("export.simulated", language)] = sentence("export.simulated_meaning", language)
        about = pd.DataFrame([*notes.items(), *((labels[name], _meaning(name, language)) for name in shown.columns if name in labels)])
        about.to_excel(writer, sheet_name=sentence("export.about", language), index=False, header=False)
        writer.sheets[sentence("export.about", language)].set_column(0, 1, 40, wrapped)
    return content.getvalue()


def _sheet_name(name: str) -> str:
    """A name that a spreadsheet takes for a sheet."""
    return "".join("·" if mark in "[]:*?/\\'" else mark for mark in name)[:31] or "·"


def table_xlsx(
    rows: pd.DataFrame, headings: dict[str, str], title: str, con: duckdb.DuckDBPyConnection, language: Language = "zh"
) -> bytes:
    """A titled table as a workbook. `headings`: column -> heading; shares of 1 as percentages."""
    content = BytesIO()
    with pd.ExcelWriter(
        content, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    ) as writer:
        safe = _disarmed(rows).rename(columns=headings)
        name = _sheet_name(title)
        safe.to_excel(writer, sheet_name=name, index=False, startrow=2, freeze_panes=(3, 0))
        sheet, book = writer.sheets[name], writer.book
        sheet.merge_range(0, 0, 0, len(rows.columns) - 1, title, book.add_format({"bold": True, "font_size": 15, "align": "center"}))
        sheet.write(1, 0, _stamp(con, language))
        for place, column in enumerate(rows.columns):
            sheet.set_column(place, place, 18, book.add_format({"num_format": "0.0%"}) if dictionary().unit(column) == "ratio" else None)
    return content.getvalue()


def template_xlsx(dataset: str, school_id: str = "") -> bytes:
    """An empty form for a dataset: its Chinese headers (needed ones with a star), lists for choices, and what each column means.

    With `school_id` the form offers that code alone for the school.
    """
    form = dictionary().datasets[dataset]
    content = BytesIO()
    with pd.ExcelWriter(content, engine="xlsxwriter") as writer:
        book = writer.book
        sheet, notes = book.add_worksheet(form.label.zh), book.add_worksheet(sentence("export.about", "zh"))
        bold = book.add_format({"bold": True, "bg_color": "#e8eef5", "border": 1})
        for place, column in enumerate(form.columns):
            sheet.write(0, place, f"{column.label.zh}{'*' if column.name in form.required else ''}", bold)
            sheet.set_column(place, place, 16, book.add_format({"num_format": "@"}) if column.kind == "code" else None)
            if column.kind == "choice":
                sheet.data_validation(
                    1, place, 5000, place, {"validate": "list", "source": [words[0] for words in column.choices.values()]}
                )
            if column.kind == "count":
                sheet.data_validation(1, place, 5000, place, {"validate": "integer", "criteria": ">=", "value": 0, "ignore_blank": True})
            notes.write_row(place, 0, [column.label.zh, column.meaning.zh])
            if column.name == "school_id" and school_id:
                sheet.write_comment(0, place, school_id)
                sheet.data_validation(1, place, 5000, place, {"validate": "list", "source": [school_id]})
        sheet.freeze_panes(1, 0)
        notes.set_column(0, 1, 40)
    return content.getvalue()


def _stamp(con: duckdb.DuckDBPyConnection, language: Language) -> str:
    snapshot = con.execute("select * from snapshot").df().iloc[0]
    simulated = f"{sentence('export.simulated_meaning', language)}　" if snapshot["is_simulated"] else ""
    return f"{simulated}{sentence('export.snapshot', language)} {snapshot['snapshot_id']}"


def _in_words(frame: pd.DataFrame, con: duckdb.DuckDBPyConnection, language: Language) -> pd.DataFrame:
    """Levels, actions and statuses under the names people use."""
    levels = dict(con.execute(f"select level, title_{language} from policy_level").fetchall())
    rules = dict(con.execute(f"select rule_id, title_{language} from policy_rule").fetchall())
    shown = frame.copy()
    for name in {"level", "previous_level"} & set(frame.columns):
        shown[name] = shown[name].map(levels)
    for name in {"action", "catalogue_status", "sureness", "act", "role"} & set(frame.columns):
        shown[name] = shown[name].map(lambda code, name=name: code and sentence(f"{name}.{code}", language))
    if "suggested" in frame.columns:
        shown["suggested"] = shown["suggested"].map(lambda code: sentence(f"action.{code}", language))
    if "case_state" in frame.columns:
        shown["case_state"] = shown["case_state"].map(lambda code: sentence(f"case_state.{code or 'none'}", language))
    if "unjudged" in frame.columns:
        shown["unjudged"] = shown["unjudged"].map(lambda codes: unjudged_in_words(codes, rules, language))
    if "rules" in frame.columns:
        shown["rules"] = shown["rules"].map(lambda ids: joined((rules[one] for one in ids.split(";") if one), language, "clause"))
    if "is_appealed" in frame.columns:
        shown["is_appealed"] = shown["is_appealed"].map(lambda is_open: sentence("export.appealed", language) if is_open else "")
    if "is_simulated" in frame.columns:
        shown["is_simulated"] = shown["is_simulated"].map(lambda simulated: sentence("export.simulated", language) if simulated else "")
    return shown


def unjudged_in_words(codes: str, rules: dict[str, str], language: Language) -> str:
    """rule:code;rule:code under the names people use; `rules`: id -> title."""
    pairs = [entry.split(":") for entry in codes.split(";") if entry]
    told = (joined((rules[rule], why_unjudged(code, language)), language, "colon") for rule, code in pairs)
    return joined(told, language, "clause")


def why_unjudged(code: str, language: Language) -> str:
    """A code of `unjudged` in words: for an indicator, what there is none of to divide by."""
    indicator = dictionary().indicators.get(code)
    return indicator.without[language] if indicator and indicator.without else sentence(f"unjudged.{code}", language)


def _meaning(name: str, language: Language) -> str:
    if name in dictionary().indicators:
        return dictionary().indicators[name].definition[language]
    column = dictionary().columns.get(name) or dictionary().columns.get(f"{name}_{language}")
    return column.meaning[language] if column else ""


def _disarmed(frame: pd.DataFrame) -> pd.DataFrame:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_bool_dtype(safe[name]):
            safe[name] = safe[name].map(lambda text: f"'{text}" if isinstance(text, str) and text.startswith(FORMULA_STARTS) else text)
    return safe

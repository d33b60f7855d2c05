"""The demonstration city: simulated, seeded, and rendered as the messy forms that schools hand in.

Fictional schools and figures; real districts of 南昌 and real majors. The same seed gives the same bytes.
"""

import csv
import hashlib
import io
import os
import tomllib
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from pipelines.demo_surroundings import merged_school, surroundings

FIXED_TIME = datetime(2025, 12, 1)
SIMULATED = "（模拟数据）"
SIMULATED_MARKER = ".simulated"
FORMS = {
    "enrolment": (
        "中等职业学校分专业招生情况统计表",
        ["招生计划", "报考人数", "录取人数", "报到人数"],
        ["plan", "applied", "admitted", "registered"],
    ),
    "graduates": (
        "中等职业学校毕业生就业情况统计表",
        ["毕业生数", "直接就业人数", "升学人数", "对口就业人数", "稳定就业人数"],
        ["graduates", "employed", "further_study", "matched", "stable"],
    ),
    "roster": ("中等职业学校分专业在校生情况统计表", ["在校生数", "流失人数"], ["students", "leavers"]),
}


@dataclass(frozen=True)
class City:
    """The truth behind the forms: schools, crosswalk, yearly figures per offering, and each offering's true employment probability."""

    schools: pd.DataFrame
    crosswalk: pd.DataFrame
    figures: pd.DataFrame
    truth: pd.DataFrame


def simulate_city(seed: int = 2019, schools: int = 30, first_year: int = 2019, last_year: int = 2025, points: int = 300) -> City:
    """Draws the city. `figures`: one row per year, school and major with every count; `truth`: school_id, major_code, kind, probability."""
    rng = np.random.default_rng(seed)
    plan = tomllib.loads((files("pipelines") / "demo_city.toml").read_text("utf-8"))
    catalogue = pd.read_csv(str(files("warehouse.reference") / "catalogue.csv"), dtype=str)
    register = _register(rng, plan, schools)
    offerings = _offerings(rng, plan, catalogue, register, points)
    years = range(first_year, last_year + 1)
    figures = pd.concat([_story(rng, offering, years) for offering in offerings.itertuples()], ignore_index=True)
    names = catalogue.set_index("major_code")["major_name"]
    figures["major_name"] = figures["major_code"].map(names)
    return City(register, _crosswalk(plan, offerings, names), figures, offerings[["school_id", "major_code", "kind", "probability"]])


def _register(rng: np.random.Generator, plan: dict, schools: int) -> pd.DataFrame:
    weights = np.array([weight for *_, weight in plan["districts"]], dtype=float)
    rows = []
    for number in range(schools):
        code, district, _ = plan["districts"][rng.choice(len(weights), p=weights / weights.sum())]
        word = plan["school_words"][number % len(plan["school_words"])]
        kind = plan["school_kinds"][number // len(plan["school_words"]) % len(plan["school_kinds"])]
        lap = number // (len(plan["school_words"]) * len(plan["school_kinds"]))
        name = f"{word}{'' if not lap else '第' + str(lap + 1)}{kind}"
        rows.append((f"MN{360100000 + number}", name, code, district, rng.choice(["公办", "民办", "行业办"], p=[0.55, 0.35, 0.1])))
    return pd.DataFrame(rows, columns=["school_id", "school_name", "district_code", "district_name", "ownership"])


def _offerings(rng: np.random.Generator, plan: dict, catalogue: pd.DataFrame, register: pd.DataFrame, points: int) -> pd.DataFrame:
    """Which school offers what, and how it fares: kind is sound, failing, declining, recovering, small, dying, empty or new."""
    popular, rare = plan["popular"], sorted(set(catalogue["major_code"]) - set(plan["popular"]))
    rare = list(rng.choice(rare, size=min(len(rare), 60), replace=False))
    chosen = []
    for school in register["school_id"]:
        known = [code for place, code in enumerate(popular) if rng.random() < (0.62 if place < 4 else 0.35)]
        known += list(rng.choice(rare, size=max(1, round(points / len(register)) - len(known)), replace=False))
        chosen += [(school, str(code)) for code in known]
    kinds = ["sound", "failing", "declining", "recovering", "small", "dying", "empty", "new"]
    shares = [0.72, 0.06, 0.03, 0.03, 0.06, 0.03, 0.02, 0.05]
    offerings = pd.DataFrame(chosen[:points] if len(chosen) > points else chosen, columns=["school_id", "major_code"])
    offerings["kind"] = rng.choice(kinds, size=len(offerings), p=shares)
    sound = rng.uniform(0.94, 0.995, size=len(offerings))
    offerings["probability"] = np.where(offerings["kind"] == "failing", rng.uniform(0.62, 0.84, size=len(offerings)), sound)
    offerings["size"] = np.where(
        offerings["kind"] == "small", rng.integers(8, 16, size=len(offerings)), rng.integers(45, 150, size=len(offerings))
    )
    return offerings


def _story(rng: np.random.Generator, offering, years: range) -> pd.DataFrame:
    """One offering's figures, year by year."""
    rows: list[tuple] = []
    span = len(years)
    for place, year in enumerate(years):
        if offering.kind == "new" and place < span - 3:
            continue
        drift = place / (span - 1)
        probability = {"declining": 0.97 - 0.2 * drift, "recovering": 0.8 + 0.18 * drift}.get(offering.kind, offering.probability)
        strength = {"dying": max(0.08, 0.8 - 0.75 * drift), "empty": 0.0 if place >= span - 3 else 0.5}.get(
            offering.kind, rng.uniform(0.72, 1.04)
        )
        size = round(offering.size * rng.uniform(0.85, 1.1) / 5) * 5
        registered = round(size * strength)
        admitted = max(registered, round(registered * rng.uniform(1.0, 1.12)))
        graduates = 0 if offering.kind == "new" else round(offering.size * rng.uniform(0.6, 0.95))
        if rows and offering.kind == "sound" and offering.Index % 41 == 5 and place == span - 1:
            rows.append((year, *rows[-1][1:]))  # hands in last year's figures again
            continue
        placed = rng.binomial(graduates, probability)
        further = rng.binomial(placed, rng.uniform(0.25, 0.6))
        employed = placed - further
        matched = rng.binomial(employed, rng.uniform(0.65, 0.9))
        stable = rng.binomial(employed, rng.uniform(0.7, 0.95))
        students = round(offering.size * 2.6 * max(strength, 0.15))
        rows.append(
            (
                year,
                offering.school_id,
                offering.major_code,
                max(size, 10),
                round(admitted * 1.3),
                admitted,
                registered,
                graduates,
                employed,
                further,
                matched,
                stable,
                students,
                rng.binomial(students, rng.uniform(0.01, 0.06)),
            )
        )
    columns = ["year", "school_id", "major_code", *FORMS["enrolment"][2], *FORMS["graduates"][2], *FORMS["roster"][2]]
    return pd.DataFrame(rows, columns=columns)


def _crosswalk(plan: dict, offerings: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Old code to new: the stated pairs, and an invented old code for every other major offered; one split and one withdrawn."""
    stated = {new: old for old, new in plan["stated_crosswalk"]}
    rows = []
    for number, code in enumerate(sorted(set(offerings["major_code"]))):
        old = stated.get(code, f"{1 + number % 19:02d}{90 + number // 19:02d}{number % 10}0")
        change = "更名" if number % 7 == 3 and code not in stated else "保留"
        rows.append((old, code, names[code] if change == "保留" else f"{names[code]}（旧）", names[code], change))
    first, second = sorted(set(offerings["major_code"]))[:2]
    rows += [
        ("199801", first, "模拟拆分专业", names[first], "拆分"),
        ("199801", second, "模拟拆分专业", names[second], "拆分"),
        ("199901", "", "模拟撤销专业", "", "撤销"),
    ]
    return pd.DataFrame(rows, columns=["old_code", "new_code", "old_name", "new_name", "change"])


def city_version() -> str:
    """What the marker of a simulated inbox says; changes whenever the city would come out otherwise."""
    digest = hashlib.sha256()
    for name in ("demo.py", "demo_surroundings.py", "demo_city.toml"):
        digest.update((files("pipelines") / name).read_bytes())
    return f"模拟数据 {digest.hexdigest()[:12]}\n"


# ------------------------------------------------------------------------------------------------ forms


def write_city(inbox: Path, seed: int = 2019, schools: int = 30, first_year: int = 2019, last_year: int = 2025, points: int = 300) -> City:
    """Writes the city's submissions into `inbox` (made if absent), marked as simulated; returns the truth behind them."""
    city = simulate_city(seed, schools, first_year, last_year, points)
    rng = np.random.default_rng(seed + 1)
    inbox.mkdir(parents=True, exist_ok=True)
    register = city.schools.rename(
        columns={
            "school_id": "学校代码",
            "school_name": "学校名称",
            "district_code": "县区代码",
            "district_name": "县区",
            "ownership": "办学性质",
        }
    )
    _write_form(inbox / "学校名册.xlsx", f"南昌市中等职业学校名册{SIMULATED}", "市教育局", register, [])
    crosswalk = city.crosswalk.rename(
        columns={"old_code": "原专业代码", "old_name": "原专业名称", "new_code": "专业代码", "new_name": "专业名称", "change": "调整情况"}
    )
    _write_form(inbox / "新旧专业对照表.xlsx", "模拟的新旧专业对照表，非官方", "市教育局", crosswalk, [])
    old_codes = city.crosswalk[city.crosswalk["change"].isin(["保留", "更名"])].set_index("new_code")["old_code"]
    for (school, year), figures in city.figures.groupby(["school_id", "year"]):
        name = city.schools.set_index("school_id").at[school, "school_name"]
        for form in FORMS:
            _write_submission(inbox, rng, form, str(school), name, int(year), year == last_year, figures, old_codes)
    for file, title, table in surroundings(city, rng):
        _write_form(inbox / file, f"{title}{SIMULATED}", "市教育局", table, [])
    _write_csv(inbox / "并校前_招生.csv", merged_school(city), "utf-8-sig")
    _plant_faults(inbox, city, last_year)
    (inbox / SIMULATED_MARKER).write_text(city_version(), "utf-8")
    for path in inbox.iterdir():
        later = 86400 if "更正" in path.name else 0
        os.utime(path, (FIXED_TIME.timestamp() + later, FIXED_TIME.timestamp() + later))
    return city


def _write_submission(
    inbox: Path,
    rng: np.random.Generator,
    form: str,
    school: str,
    name: str,
    year: int,
    is_last: bool,
    figures: pd.DataFrame,
    old_codes: pd.Series,
) -> None:
    title, headers, counts = FORMS[form]
    rows = figures if form != "graduates" else figures[figures["graduates"] > 0]
    if rows.empty:
        return
    if form == "enrolment" and is_last and school.endswith("7"):
        rows = rows.iloc[:-1]
    if form == "graduates" and is_last and school.endswith("19"):
        return  # this school has not reported yet
    is_new_catalogue = year > (2021 if form == "enrolment" else 2023)
    codes = rows["major_code"] if is_new_catalogue else rows["major_code"].map(old_codes)
    table = pd.DataFrame(
        {"年份": [year] * len(rows), "学校代码": school, "专业代码": codes.to_numpy(), "专业名称": rows["major_name"].to_numpy()}
    )
    for header, count in zip(headers, counts):
        table[header] = rows[count].to_numpy()
    style = int(school[-2:]) % 5
    stem = f"{year}_{school}_{title}"
    if style == 0:
        _write_csv(inbox / f"{stem}.csv", table, "gb18030")
    elif style == 1:
        _write_csv(inbox / f"{stem}.csv", table, "utf-8-sig")
    else:
        _write_form(inbox / f"{stem}.xlsx", f"{year}年{title}{SIMULATED}", name, _messy(rng, table, headers), headers)


def _messy(rng: np.random.Generator, table: pd.DataFrame, headers: list[str]) -> pd.DataFrame:
    """Numbers as text, full-width digits, stray spaces, years with 年, codes turned into numbers: as schools write them."""
    messy = table.astype(object)
    for row in range(len(messy)):
        if rng.random() < 0.3:
            messy.iat[row, 0] = f"{messy.iat[row, 0]}年" if "毕业生数" not in headers else f"{messy.iat[row, 0]}届"
        if str(messy.iat[row, 2]).startswith("0") and rng.random() < 0.7:
            messy.iat[row, 2] = int(messy.iat[row, 2])
        for place in range(4, messy.shape[1]):
            dice = rng.random()
            value = str(messy.iat[row, place])
            if dice < 0.06:
                messy.iat[row, place] = value.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
            elif dice < 0.12:
                messy.iat[row, place] = f" {value}\u3000"
    return messy


def _write_csv(path: Path, table: pd.DataFrame, encoding: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(table.to_numpy().tolist())
    path.write_bytes(text.getvalue().encode(encoding))


def _write_form(path: Path, title: str, unit: str, table: pd.DataFrame, counts: list[str], total_error: int = 0) -> None:
    """One workbook: a sheet of notes, a merged title, 单位, 序号, the rows, 合计, and who filled it in."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"created": FIXED_TIME})
        notes = book.add_worksheet("填表说明")
        notes.write_column(0, 0, ["填表说明", "1. 本表由学校填报，人数为自然人，单位：人。", "2. 本表为模拟数据，不反映任何真实学校。"])
        sheet = book.add_worksheet("统计表")
        width = len(table.columns) + 1
        sheet.merge_range(0, 0, 0, width - 1, title)
        sheet.write_row(1, 0, [f"填报单位：{unit}", "", "", "单位：人"])
        sheet.write_row(3, 0, ["序号", *table.columns])
        for place, row in enumerate(table.to_numpy().tolist()):
            sheet.write_row(4 + place, 0, [place + 1, *row])
        end = 4 + len(table)
        if counts:
            sums = [sum(int(str(value).strip()) for value in table[name]) for name in counts]
            sums[-1] += total_error
            sheet.write_row(end, 0, ["合计", *[""] * (width - 1 - len(counts)), *sums])
        sheet.write_row(end + 2, 0, ["填报人：某某", "", "审核人：某某", "", f"填报日期：{FIXED_TIME:%Y年%m月%d日}"])


def _plant_faults(inbox: Path, city: City, year: int) -> None:
    """Two forms full of mistakes; a correction that replaces earlier rows; files that can't be read."""
    school = city.schools["school_id"].iloc[0]
    codes = city.figures["major_code"].unique()
    header = ["年份", "学校代码", "专业代码", "专业名称", "招生计划", "报考人数", "录取人数", "报到人数"]
    early = year - 20
    rows = [
        [early, school, codes[0], "", -5, 0, 0, 0],
        [early, school, codes[1], "", 40, 35, 30, "三十"],
        [early, school, codes[2], "", 40, 35, 30, ""],
        [early, "MN999999999", codes[3], "", 40, 35, 30, 30],
        [early, school, "739999", "会计事物", 40, 35, 30, 30],
        [early, school, codes[4], "", 40, 35, 30, 30],
        [early, school, codes[4], "", 40, 35, 30, 31],
        [early, school, "199801", "模拟拆分专业", 40, 35, 30, 30],
        [early, school, "199901", "模拟撤销专业", 40, 35, 30, 30],
    ]
    _write_csv(inbox / "补报_招生（含填报错误）.csv", pd.DataFrame(rows, columns=header), "utf-8-sig")
    graduates = ["年份", "学校代码", "专业代码", "专业名称", *FORMS["graduates"][1]]
    _write_csv(
        inbox / "补报_毕业生（含填报错误）.csv",
        pd.DataFrame([[early, school, codes[5], "", 20, 15, 8, 3, 3]], columns=graduates),
        "utf-8-sig",
    )
    own = city.figures[(city.figures["school_id"] == school) & (city.figures["year"] == year)]
    roster = pd.DataFrame(
        {
            "年份": year,
            "学校代码": school,
            "专业代码": own["major_code"],
            "专业名称": own["major_name"],
            "在校生数": own["students"],
            "流失人数": own["leavers"],
        }
    )
    _write_form(
        inbox / f"更正_{year}_{school}_在校生.xlsx",
        f"{year}年{FORMS['roster'][0]}（更正）{SIMULATED}",
        "更正上报",
        roster,
        FORMS["roster"][1],
        total_error=3,
    )
    (inbox / "损坏的工作簿.xlsx").write_bytes(b"PK\x03\x04 this is not a workbook")
    (inbox / "空白.csv").write_bytes(b"")
    _write_csv(inbox / "食堂菜单.csv", pd.DataFrame([["米粉", 8], ["瓦罐汤", 10]], columns=["菜名", "价格"]), "gb18030")

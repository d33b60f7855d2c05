"""What the bureau itself holds about the demonstration city: demand, industry, third-party checks, courses, monthly figures, changes of schools.

Simulated and seeded like the city; nothing here is a real figure.
"""

from collections.abc import Iterator
from importlib.resources import files

import numpy as np
import pandas as pd

MONTHS = {8: 0.55, 9: 0.9, 10: 0.97, 11: 1.0}
INDUSTRIES = {
    "制造业": 310_000, "建筑业": 260_000, "批发和零售业": 240_000, "信息传输、软件和信息技术服务业": 120_000, "交通运输、仓储和邮政业": 95_000,
    "卫生和社会工作": 90_000, "教育": 110_000, "住宿和餐饮业": 85_000, "租赁和商务服务业": 80_000, "公共管理、社会保障和社会组织": 100_000,
    "金融业": 45_000, "农、林、牧、渔业": 150_000, "居民服务、修理和其他服务业": 60_000, "文化、体育和娱乐业": 25_000,
    "电力、热力、燃气及水生产和供应业": 18_000, "水利、环境和公共设施管理业": 22_000, "房地产业": 40_000, "采矿业": 4_000,
}  # fmt: skip
VACANT = ["720408", "710210", "660107", "690205"]
MOVED_DISTRICT, MOVED_YEAR = "360105", 2020


def surroundings(city, rng: np.random.Generator) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """File name, title and table (Chinese headers) of every form. `city` has schools and figures as `simulate_city` draws them."""
    years = sorted(city.figures["year"].unique())
    yield "人才需求.xlsx", "全市人才需求调查汇总表", _demand(city, rng, years)
    yield "产业从业人数.xlsx", "全市分行业从业人数", _industry(rng, years)
    yield "第三方评价.xlsx", "毕业生就业第三方核查结果", _evaluation(city, rng, years)
    yield "专业课程.xlsx", "各校专业核心课程", _courses(city, rng)
    yield "质量年度报告.xlsx", "中等职业教育质量年度报告报送情况", _quality_reports(city, rng, years)
    yield "学校变更.xlsx", "学校更名、合并和调整县区情况", _changes(city)
    for year in years[-2:]:
        for month, share in MONTHS.items():
            monthly = _monthly(city, rng, year, month, share)
            yield f"招生月报_{year}_{month:02d}.xlsx", f"{year}年中等职业学校招生情况表（截至{month}月）", monthly
            yield (
                f"县区招生_{year}_{month:02d}.xlsx",
                f"{year}年高中阶段招生情况表（截至{month}月）",
                _districts(city, rng, year, month, monthly),
            )


def _demand(city, rng: np.random.Generator, years: list[int]) -> pd.DataFrame:
    graduates = city.figures.groupby(["year", "major_code", "major_name"])["graduates"].sum().reset_index()
    taste = {
        code: rng.choice([0.35, 0.8, 1.1, 1.6, 3.0], p=[0.15, 0.25, 0.3, 0.2, 0.1]) for code in sorted(graduates["major_code"].unique())
    }
    rows = [
        (row.year, row.major_code, row.major_name, max(5, round(row.graduates * taste[row.major_code] * rng.uniform(0.85, 1.15))))
        for row in graduates.itertuples()
    ]
    catalogue = pd.read_csv(str(files("warehouse.reference") / "catalogue.csv"), dtype=str).set_index("major_code")["major_name"]
    offered = set(graduates["major_code"])
    rows += [(year, code, catalogue[code], int(rng.integers(40, 160))) for year in years for code in VACANT if code not in offered]
    return pd.DataFrame(rows, columns=["年份", "专业代码", "专业名称", "需求人数"])


def _industry(rng: np.random.Generator, years: list[int]) -> pd.DataFrame:
    rows = [
        (year, industry, round(persons * (1 + 0.01 * place) * rng.uniform(0.97, 1.03)))
        for place, year in enumerate(years)
        for industry, persons in INDUSTRIES.items()
    ]
    return pd.DataFrame(rows, columns=["年份", "行业", "从业人数"])


def _evaluation(city, rng: np.random.Generator, years: list[int]) -> pd.DataFrame:
    """A third of the larger offerings of the last two years; every eighth of them is found well below what it reports."""
    rows = []
    large = city.figures[(city.figures["year"].isin(years[-2:])) & (city.figures["graduates"] >= 40)]
    for place, row in enumerate(large.sample(frac=0.35, random_state=7).sort_values(["year", "school_id", "major_code"]).itertuples()):
        sample = round(row.graduates * 0.6)
        rate = row.employed / row.graduates - (0.25 if place % 8 == 0 else 0.0)
        found = int(rng.binomial(sample, min(max(rate, 0.02), 1)))
        rows.append((row.year, row.school_id, row.major_code, row.major_name, sample, found, round(rng.uniform(80, 98), 1)))
    return pd.DataFrame(rows, columns=["年份", "学校代码", "专业代码", "专业名称", "样本数", "核实就业人数", "用人单位满意度"])


def _courses(city, rng: np.random.Generator) -> pd.DataFrame:
    core = pd.read_csv(str(files("warehouse.reference") / "course.csv"), dtype=str).groupby("major_code")["course"].apply(list)
    offered = city.figures[["school_id", "major_code"]].drop_duplicates()
    rows = [
        (row.school_id, row.major_code, course)
        for row in offered.itertuples()
        for course in core.get(row.major_code, [])
        if rng.random() < 0.9
    ]
    return pd.DataFrame(rows, columns=["学校代码", "专业代码", "课程名称"])


def _quality_reports(city, rng: np.random.Generator, years: list[int]) -> pd.DataFrame:
    rows = [
        (year, school.school_id, school.school_name, "是" if rng.random() < 0.85 else "否")
        for year in years[-2:]
        for school in city.schools.itertuples()
    ]
    return pd.DataFrame(rows, columns=["年份", "学校代码", "学校名称", "是否报送"])


def _changes(city) -> pd.DataFrame:
    """One school lay in a district that is no more, one was renamed, and one took over a school whose early figures stand under its own code."""
    moved = city.schools[city.schools["district_code"] == "360112"].iloc[0]
    renamed, successor = city.schools.iloc[3], city.schools.iloc[5]
    rows = [
        (MOVED_YEAR, moved.school_id, "", MOVED_DISTRICT, moved.school_id),
        (MOVED_YEAR + 1, renamed.school_id, renamed.school_name.replace("模拟", "模拟老"), "", renamed.school_id),
        (MOVED_YEAR + 1, "MN360100099", "并入的模拟职业学校", "", successor.school_id),
    ]
    return pd.DataFrame(rows, columns=["年份", "原学校代码", "原学校名称", "原县区代码", "学校代码"])


def merged_school(city) -> pd.DataFrame:
    """Early enrolment of the school that was taken over, under its own code and a major of its successor."""
    successor = city.schools.iloc[5].school_id
    code = sorted(city.figures.loc[city.figures["school_id"] == successor, "major_code"])[0]
    rows = [(year, "MN360100099", code, 30, 25, 24, 22) for year in range(MOVED_YEAR - 1, MOVED_YEAR + 1)]
    return pd.DataFrame(rows, columns=["年份", "学校代码", "专业代码", "招生计划", "报考人数", "录取人数", "报到人数"])


def _monthly(city, rng: np.random.Generator, year: int, month: int, share: float) -> pd.DataFrame:
    rows = [
        (
            year,
            month,
            row.school_id,
            row.major_code,
            row.registered if month == 11 else round(row.registered * share * rng.uniform(0.95, 1.0)),
        )
        for row in city.figures[city.figures["year"] == year].itertuples()
    ]
    return pd.DataFrame(rows, columns=["年份", "月份", "学校代码", "专业代码", "累计报到人数"])


def _districts(city, rng: np.random.Generator, year: int, month: int, monthly: pd.DataFrame) -> pd.DataFrame:
    district_of = city.schools.set_index("school_id")["district_code"]
    plan = city.figures[city.figures["year"] == year].groupby(city.figures["school_id"].map(district_of))["plan"].sum()
    come = monthly.groupby(monthly["学校代码"].map(district_of))["累计报到人数"].sum()
    names = city.schools.drop_duplicates("district_code").set_index("district_code")["district_name"]
    rows = [
        (year, month, code, names[code], int(plan[code]), int(come[code]), round(int(plan[code]) * rng.uniform(0.95, 1.25) * MONTHS[month]))
        for code in sorted(plan.index)
    ]
    return pd.DataFrame(rows, columns=["年份", "月份", "县区代码", "县区", "中职计划", "中职报到", "普高报到"])

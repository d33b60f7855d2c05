"""Figures from frames: one shared style, no queries, no Streamlit."""

import pandas as pd
import plotly.graph_objects as go

INK, FAINT, ACCENT, ALARM = "#1f2d3d", "#9aa5b1", "#1f5fa8", "#c0392b"
_LADDER = ["#5b8db8", "#e0a100", "#d9702b", "#c0392b", "#5a1a1a"]
FONT = "Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"


def level_colours(levels: pd.DataFrame) -> dict[str, str]:
    """A colour per level: green-grey for normal, then from blue to red; the worst is always red."""
    warned = levels[levels["level_rank"] > 0]["level"].tolist()
    ladder = {1: [3], 2: [1, 3], 3: [0, 1, 3], 4: [0, 1, 2, 3]}.get(len(warned), list(range(5)))
    return {"normal": "#a9c2ae", **{level: _LADDER[ladder[min(place, len(ladder) - 1)]] for place, level in enumerate(warned)}}


def _styled(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        font={"family": FONT, "size": 13},
        barmode="stack",
        legend={"orientation": "h", "y": 1.12, "x": 0, "traceorder": "normal"},
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
    )
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(gridcolor="#e6eaee")
    return figure


def stacked_levels(
    counts: pd.DataFrame, by: str, levels: pd.DataFrame, language: str, is_horizontal: bool = False, warned_only: bool = False
) -> go.Figure:
    """Offerings per level, stacked, by year or by a name. `counts`: columns `by`, level, offerings."""
    figure = go.Figure()
    colours = level_colours(levels)
    narrowest = counts.groupby(by)["offerings"].sum().max() / 25
    for level in levels.itertuples():
        if warned_only and level.level_rank == 0:
            continue
        part = counts[counts["level"] == level.level]
        title = getattr(level, f"title_{language}")
        values = {"x": part["offerings"], "y": part[by]} if is_horizontal else {"x": part[by].astype(str), "y": part["offerings"]}
        figure.add_bar(
            **values,
            name=title,
            marker_color=colours[str(level.level)],
            orientation="h" if is_horizontal else "v",
            text=[str(count) if count >= narrowest else "" for count in part["offerings"]],
            textposition="inside",
            textangle=0,
            insidetextanchor="middle",
            textfont={"size": 12},
            constraintext="none",
        )
    if not is_horizontal:
        figure.update_xaxes(type="category")
    names = counts[by].nunique()
    figure = _styled(figure, 60 + 30 * names if is_horizontal else 300)
    if is_horizontal:
        order = counts[counts["level"] != "normal"].groupby(by)["offerings"].sum().sort_values()
        figure.update_layout(hovermode="closest")
        figure.update_yaxes(categoryorder="array", categoryarray=order.index.tolist(), showgrid=False, automargin=True)
    return figure


def indicator_line(values: pd.DataFrame, unit: str, targets: list[float], names: dict[str, str]) -> go.Figure:
    """One indicator over the years: value, interval band, area median, policy targets. `names`: value, interval, median, target."""
    figure = go.Figure()
    years = values["year"].astype(int).astype(str)
    banded = values[values["low"].notna()]
    if not banded.empty:
        band_years = banded["year"].astype(int).astype(str).tolist()
        figure.add_scatter(
            x=band_years + band_years[::-1],
            y=banded["high"].tolist() + banded["low"].tolist()[::-1],
            fill="toself",
            fillcolor="rgba(31,95,168,0.14)",
            line={"width": 0},
            name=names["interval"],
            hoverinfo="skip",
        )
    figure.add_scatter(x=years, y=values["area_median"], name=names["median"], mode="lines", line={"color": FAINT, "dash": "dash"})
    figure.add_scatter(x=years, y=values["value"], name=names["value"], mode="lines+markers", line={"color": ACCENT, "width": 3})
    for target in targets:
        figure.add_scatter(
            x=years,
            y=[target] * len(years),
            name=names["target"],
            mode="lines",
            line={"color": ALARM, "width": 1.5},
            showlegend=target == targets[0],
        )
    figure = _styled(figure, 230)
    figure.update_layout(legend={"font": {"size": 11}, "y": 1.2})
    figure.update_xaxes(type="category")
    if unit == "ratio":
        figure.update_yaxes(tickformat=".0%")
    if unit == "rank":
        figure.update_yaxes(autorange="reversed")
    return figure

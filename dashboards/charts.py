"""Figures from frames: one shared style, no queries, no Streamlit."""

import pandas as pd
import plotly.graph_objects as go

from warehouse.palette import level_colours

INK, FAINT, ACCENT, ALARM = "#1f2d3d", "#9aa5b1", "#1f5fa8", "#c0392b"
FONT = "Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"


def ink_on(colour: str) -> str:
    """The colour of writing that can be read on a colour #rrggbb: white, or dark where that is light (relative luminance, WCAG 2.2)."""
    light = [
        (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        for part in (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    ]
    return INK if 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.3 else "white"


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
    counts: pd.DataFrame,
    by: str,
    levels: pd.DataFrame,
    language: str,
    is_horizontal: bool = False,
    warned_only: bool = False,
    code: str = "",
) -> go.Figure:
    """Offerings per level, stacked, by year or by a name. `counts`: columns `by`, level, offerings. A bar's customdata: level, and what stands in `code` (else `by`)."""
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
            customdata=part[["level", code or by]],
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
    if counts.groupby(by)["offerings"].sum().max() <= 5:  # no fractions of an offering on the axis
        (figure.update_xaxes if is_horizontal else figure.update_yaxes)(dtick=1)
    names = counts[by].nunique()
    figure = _styled(figure, 60 + 30 * names if is_horizontal else 300)
    if is_horizontal:
        order = counts[counts["level"] != "normal"].groupby(by)["offerings"].sum().sort_values()
        figure.update_layout(hovermode="closest")
        figure.update_yaxes(categoryorder="array", categoryarray=order.index.tolist(), showgrid=False, automargin=True)
    return figure


def indicator_line(values: pd.DataFrame, unit: str, targets: dict[float, str], names: dict[str, str]) -> go.Figure:
    """One indicator over the years: value, interval band, area median, policy targets (threshold -> as written). `names`: value, interval, median, target."""
    figure = go.Figure()
    years = values["year"].astype(int).astype(str)
    banded = values[values["low"].notna()]
    if not banded.empty:
        band_years = banded["year"].astype(int).astype(str).tolist()
        figure.add_scatter(
            x=band_years + band_years[::-1],
            y=banded["high"].tolist() + banded["low"].tolist()[::-1],
            fill="toself",
            mode="lines",
            fillcolor="rgba(31,95,168,0.14)",
            line={"width": 0},
            name=names["interval"],
            hoverinfo="skip",
        )
    figure.add_scatter(x=years, y=values["area_median"], name=names["median"], mode="lines", line={"color": FAINT, "dash": "dash"})
    figure.add_scatter(x=years, y=values["value"], name=names["value"], mode="lines+markers", line={"color": ACCENT, "width": 3})
    for target, written in targets.items():
        figure.add_scatter(
            x=years,
            y=[target] * len(years),
            name=names["target"],
            mode="lines+text",
            text=[written, *[""] * (len(years) - 1)],
            textposition="top right",
            textfont={"color": ALARM, "size": 11},
            line={"color": ALARM, "width": 1.5},
        )
    figure = _styled(figure, 230)
    figure.update_layout(showlegend=False)
    figure.update_xaxes(type="category")
    if unit == "ratio":
        figure.update_yaxes(tickformat=".0%")
    if unit == "rank":
        figure.update_yaxes(autorange="reversed")
    return figure


def _title_of(levels: pd.DataFrame, language: str) -> dict[str, str]:
    return dict(zip(levels["level"], levels[f"title_{language}"], strict=True))


def district_tiles(counts: pd.DataFrame, names: dict[str, str]) -> go.Figure:
    """One tile per district, redder where a larger share is flagged. `counts`: district_code, district_name, offerings, flagged. `names`: share.
    A tile's customdata: its district_code."""
    wide = 4
    places = [(place % wide, -(place // wide)) for place in range(len(counts))]
    share = counts["flagged"] / counts["offerings"]
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _ in places],
            y=[y for _, y in places],
            mode="markers+text",
            marker={
                "symbol": "square",
                "size": 84,
                "color": share,
                "colorscale": [[0, "#e8efe9"], [0.5, "#f0c987"], [1, "#c0392b"]],
                "cmin": 0,
                "cmax": 0.6,
            },
            text=[
                f"<b>{name}</b><br>{flagged}/{total}<br>{rate:.0%}"
                for name, flagged, total, rate in zip(counts["district_name"], counts["flagged"], counts["offerings"], share)
            ],
            textfont={"size": 12, "color": INK},
            customdata=counts[["district_code"]],
            hovertext=counts["district_name"],
            hovertemplate=f"%{{hovertext}}<br>{names['share']} %{{marker.color:.1%}}<extra></extra>",
        )
    )
    rows = -(-len(counts) // wide)
    figure = _styled(figure, 40 + 105 * rows)
    figure.update_xaxes(visible=False, range=[-0.55, wide - 0.45])
    figure.update_yaxes(visible=False, range=[-rows + 0.45, 0.55])
    figure.update_layout(hovermode="closest")
    return figure


def offering_matrix(offerings: pd.DataFrame, levels: pd.DataFrame, language: str) -> go.Figure:
    """Schools down, majors across (most offered first), a square in the colour of its level where the school offers the major."""
    order = offerings["major_name"].value_counts().index[:40].tolist()
    shown = offerings[offerings["major_name"].isin(order)]
    schools = shown["school_name"].value_counts().index.tolist()
    figure = go.Figure()
    for level, colour in level_colours(levels).items():
        part = shown[shown["level"] == level]
        figure.add_scatter(
            x=part["major_name"], y=part["school_name"], mode="markers", name=_title_of(levels, language).get(level, level),
            marker={"symbol": "square", "size": 13, "color": colour}, hovertemplate="%{y}<br>%{x}<extra></extra>",
        )  # fmt: skip
    figure = _styled(figure, 190 + 19 * len(schools))
    figure.update_layout(hovermode="closest", legend={"y": 1.04})
    figure.update_xaxes(
        categoryorder="array", categoryarray=order, tickangle=-60, tickfont={"size": 11}, showgrid=True, gridcolor="#eef1f4"
    )
    figure.update_yaxes(categoryorder="array", categoryarray=schools[::-1], tickfont={"size": 11}, automargin=True)
    return figure


def similarity_matrix(pairs: pd.DataFrame) -> go.Figure:
    """School by school: darker where more majors are the same."""
    names = sorted(set(pairs["school_name"]) | set(pairs["other_school"]))
    wide = pairs.pivot(index="school_name", columns="other_school", values="jaccard").reindex(index=names, columns=names)
    figure = go.Figure(
        go.Heatmap(
            z=wide.to_numpy(),
            x=names,
            y=names,
            colorscale="Blues",
            zmin=0,
            zmax=0.8,
            hovertemplate="%{y}<br>%{x}<br>%{z:.0%}<extra></extra>",
        )
    )
    figure = _styled(figure, 190 + 17 * len(names))
    figure.update_layout(hovermode="closest")
    figure.update_traces(colorbar={"tickformat": ".0%"})
    figure.update_xaxes(tickangle=-60, tickfont={"size": 10})
    figure.update_yaxes(tickfont={"size": 10}, automargin=True, autorange="reversed")
    return figure


def quadrants(
    rows: pd.DataFrame,
    x: str,
    y: str,
    labels: dict[str, str],
    lines: dict[str, list[float]],
    ratios: set[str],
    levels: pd.DataFrame,
    language: str,
) -> go.Figure:
    """Offerings by two indicators, bubbles by pupils, lines at targets (solid) and medians (dashed)."""
    figure = go.Figure()
    biggest = max(rows["registered"].fillna(0).max(), 1)
    for level, colour in level_colours(levels).items():
        part = rows[rows["level"] == level]
        figure.add_scatter(
            x=part[x], y=part[y], mode="markers", name=_title_of(levels, language).get(level, level), customdata=part.index,
            text=part["school_name"] + " " + part["major_name"], hovertemplate="%{text}<br>%{x} · %{y}<extra></extra>",
            marker={"color": colour, "opacity": 0.75, "size": 6 + 22 * (part["registered"].fillna(0) / biggest) ** 0.5, "line": {"width": 0.5, "color": "white"}},
        )  # fmt: skip
    for target in lines.get(x, []):
        figure.add_vline(x=target, line={"color": ALARM, "width": 1.5})
    for target in lines.get(y, []):
        figure.add_hline(y=target, line={"color": ALARM, "width": 1.5})
    figure.add_vline(x=rows[x].median(), line={"color": FAINT, "dash": "dash"})
    figure.add_hline(y=rows[y].median(), line={"color": FAINT, "dash": "dash"})
    figure = _styled(figure, 560)
    figure.update_layout(hovermode="closest", dragmode="lasso", legend={"y": 1.06})
    figure.update_xaxes(title=labels[x], tickformat=".0%" if x in ratios else "", showgrid=True, gridcolor="#eef1f4")
    figure.update_yaxes(title=labels[y], tickformat=".0%" if y in ratios else "")
    return figure


def two_shares(rows: pd.DataFrame, by: str, first: tuple[str, str], second: tuple[str, str]) -> go.Figure:
    """Two shares side by side for each name. `first` and `second`: column and name."""
    figure = go.Figure()
    ordered = rows.sort_values(second[0])
    for (column, name), colour in ((first, ACCENT), (second, "#e0a100")):
        figure.add_bar(y=ordered[by], x=ordered[column], name=name, orientation="h", marker_color=colour)
    figure = _styled(figure, 90 + 30 * len(rows))
    figure.update_layout(barmode="group", hovermode="closest", legend={"y": 1.05})
    figure.update_xaxes(tickformat=".0%", showgrid=True, gridcolor="#eef1f4")
    figure.update_yaxes(automargin=True, showgrid=False)
    return figure


def lines_by(rows: pd.DataFrame, x: str, y: str, by: str, is_ratio: bool = False, height: int = 300) -> go.Figure:
    """One line per name of `by`."""
    figure = go.Figure()
    palette = ["#9aa5b1", ACCENT, "#e0a100", "#2f8f6b", ALARM, "#7d5ba6"]
    for place, (name, part) in enumerate(rows.groupby(by, sort=True)):
        figure.add_scatter(
            x=part[x].astype(str),
            y=part[y],
            name=str(name),
            mode="lines+markers",
            line={"color": palette[place % len(palette)], "width": 2.5},
        )
    figure = _styled(figure, height)
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%" if is_ratio else ",", rangemode="tozero")
    return figure


def calibration(rows: pd.DataFrame, names: dict[str, str]) -> go.Figure:
    """Mean forecast against the share that came true; on the diagonal a forecast keeps its word. `names`: stated, came_true."""
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": FAINT, "dash": "dash"}, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=rows["mean_forecast"], y=rows["came_true"], mode="markers+lines", marker={"size": 9}, line={"color": ACCENT}, showlegend=False
    )
    figure = _styled(figure, 300)
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title=names["stated"], tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title=names["came_true"], tickformat=".0%", range=[0, 1])
    return figure


def pooled_line(rows: pd.DataFrame, names: dict[str, str]) -> go.Figure:
    """Raw, pooled and expected rates over the years. `names`: rate, pooled_rate, expected_rate."""
    figure = go.Figure()
    years = rows["year"].astype(str)
    for column, colour, dash in (("rate", ACCENT, "solid"), ("pooled_rate", "#7d5ba6", "solid"), ("expected_rate", FAINT, "dash")):
        figure.add_scatter(
            x=years, y=rows[column], name=names[column], mode="lines+markers", line={"color": colour, "dash": dash, "width": 2.5}
        )
    figure = _styled(figure, 260)
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%")
    return figure


def delivery_calendar(rows: pd.DataFrame) -> go.Figure:
    """Schools down, what was due across, a square where it was delivered. `rows`: school_name, due, rows_accepted."""
    wide = rows.pivot_table(index="school_name", columns="due", values="rows_accepted", aggfunc="sum", fill_value=0, sort=False)
    wide = wide[sorted(wide.columns)]
    figure = go.Figure(
        go.Heatmap(
            z=(wide > 0).astype(int).to_numpy(), x=wide.columns, y=wide.index, customdata=wide.to_numpy(), showscale=False, xgap=2, ygap=2,
            colorscale=[[0, "#f6d5d1"], [1, "#7fb08a"]], zmin=0, zmax=1, hovertemplate="%{y}<br>%{x}<br>%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    figure = _styled(figure, 130 + 18 * len(wide))
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(side="top", tickfont={"size": 11})
    figure.update_yaxes(tickfont={"size": 11}, automargin=True, autorange="reversed")
    return figure

"""Figures of the reports: each function draws on the Axes it is given and returns them.

Lines and points are labelled where they are, not in a legend; sides and activities differ by
shape or pattern besides colour (Okabe and Ito's palette, which colour-blind readers can tell
apart); every interval is named on the axis or in the title.
"""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "STYLE",
    "activity_timeline",
    "bland_altman",
    "calibration",
    "difference_forest",
    "impact_by_side",
    "intervals_by_row",
    "net_benefit",
    "new_figure",
    "predictive_bars",
    "speed_curve",
]

STYLE: Final = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": False,
    "figure.dpi": 150.0,
    "savefig.dpi": 150.0,
    "svg.hashsalt": "tolerance",
}
"""Settings of Matplotlib for every figure."""

BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#8A929B", "#1b2430"
SIDE_LOOKS: Final = {"left": (BLUE, "o"), "right": (ORANGE, "s"), "unknown": (GREY, "D")}
ACTIVITY_LOOKS: Final = {
    "running": (BLUE, ""),
    "walking": ("#BFD9EA", ""),
    "still": ("#E6E9ED", ""),
    "other": ("#F0D9C8", "////"),
    "unknown": ("#FFFFFF", "...."),
}


def new_figure(width: float, height: float, n_columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with Axes side by side, sizes in inches, laid out without overlap."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, n_columns, squeeze=False)
    return figure, list(axes[0])


def activity_timeline(axes: Axes, timeline: pd.DataFrame) -> Axes:
    """Draw what the runner did when, one row a sensor; running bouts are labelled.

    Parameters
    ----------
    axes : Axes
    timeline : DataFrame
        sensor, start_s, stop_s, activity.
    """
    sensors = list(dict.fromkeys(timeline["sensor"]))
    for place, sensor in enumerate(sensors):
        for row in timeline[timeline["sensor"] == sensor].to_dict("records"):
            colour, hatch = ACTIVITY_LOOKS[str(row["activity"])]
            axes.barh(
                place,
                row["stop_s"] - row["start_s"],
                left=row["start_s"],
                height=0.7,
                color=colour,
                hatch=hatch,
                edgecolor="#B9C0C8",
                linewidth=0.4,
            )
            if row["activity"] in ("running", "walking") and place == 0:
                _name_stretch(
                    axes, place, row["start_s"], row["stop_s"], str(row["activity"]), timeline
                )
    axes.set_yticks(range(len(sensors)), sensors)
    axes.invert_yaxis()
    axes.set_xlabel("time (s); several recordings of a sensor stand one after the other")
    axes.set_title("What was found in the recording")
    return axes


def _name_stretch(
    axes: Axes, place: int, start_s: float, stop_s: float, name: str, timeline: pd.DataFrame
) -> None:
    """Write the activity into its bar where it is wide enough for the word."""
    if stop_s - start_s > 0.12 * timeline["stop_s"].max():
        axes.text(
            (start_s + stop_s) / 2.0,
            place,
            name,
            ha="center",
            va="center",
            color="white" if name == "running" else INK,
        )


def speed_curve(axes: Axes, curve: pd.DataFrame, column: str, low: str, high: str) -> Axes:
    """Draw one quantity against speed with its 90 % range where there is one.

    Parameters
    ----------
    axes : Axes
    curve : DataFrame
        Rows in order of ``speed_mps``.
    column, low, high : str
        Names of the quantity and its range; empty names for no range.
    """
    speed = curve["speed_mps"].to_numpy()
    values = curve[column].to_numpy()
    if low:
        reach = np.vstack((values - curve[low].to_numpy(), curve[high].to_numpy() - values))
        axes.errorbar(speed, values, yerr=reach, fmt="none", ecolor=GREY, capsize=3)
    axes.plot(speed, values, color=BLUE, marker="o", markersize=5)
    axes.margins(x=0.1, y=0.15)
    axes.set_xlabel("speed (m/s)")
    return axes


def impact_by_side(axes: Axes, impacts: pd.DataFrame) -> Axes:
    """Draw every step's impact at the shin by side, with the median as a line.

    Parameters
    ----------
    axes : Axes
    impacts : DataFrame
        side, peak_tibial_acc_g.
    """
    sides = [side for side in ("left", "right", "unknown") if (impacts["side"] == side).any()]
    for place, side in enumerate(sides):
        peaks = np.sort(impacts.loc[impacts["side"] == side, "peak_tibial_acc_g"].to_numpy())
        colour, marker = SIDE_LOOKS[side]
        # Points fan out evenly by rank: no random jitter, so that a page repeats itself.
        fan = 0.3 * np.sin(2.399963 * np.arange(peaks.size))
        axes.scatter(peaks, place + fan, s=9, color=colour, marker=marker, alpha=0.5, linewidth=0)
        middle = float(np.median(peaks))
        axes.plot([middle, middle], [place - 0.4, place + 0.4], color=INK, linewidth=2)
        axes.annotate(
            f"median {middle:.1f} g",
            (middle, place + 0.4),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_yticks(range(len(sides)), [f"{side} shin" for side in sides])
    axes.set_ylim(-0.6, len(sides) - 0.2)
    axes.set_xlim(left=0)
    axes.set_xlabel("impact at the shin (g), one point a step")
    axes.set_title("Impact: not a measure of tissue load")
    return axes


def intervals_by_row(axes: Axes, rows: pd.DataFrame, label: str) -> Axes:
    """Draw a value with its 90 % range for every row; 1 is marked as the reference.

    Parameters
    ----------
    axes : Axes
    rows : DataFrame
        name, side, relative, low, high.
    label : str
        Of the x axis.
    """
    for place, row in enumerate(rows.to_dict("records")):
        colour, marker = SIDE_LOOKS[str(row["side"])]
        axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
        axes.plot(row["relative"], place, color=colour, marker=marker, markersize=7)
        axes.annotate(
            f"{row['relative']:.2f}",
            (row["relative"], place),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.axvline(1.0, color=INK, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(rows)), list(rows["name"]))
    axes.set_ylim(len(rows) - 0.4, -0.7)
    axes.set_xlabel(label)
    return axes


def bland_altman(
    axes: Axes,
    reference: pd.Series,
    error: pd.Series,
    limits: tuple[float, float, float],
    unit: str,
) -> Axes:
    """Draw the error of each step against the true value, with bias and 95 % limits.

    Parameters
    ----------
    axes : Axes
    reference, error : Series
        True values and estimate minus truth, same length; NaN rows are not drawn.
    limits : tuple of float
        Bias, lower and upper 95 % limit: clustered, so the caller gives them.
    unit : str
        Of both axes.
    """
    shown = reference.notna() & error.notna()
    axes.scatter(reference[shown], error[shown], s=8, color=BLUE, alpha=0.4, linewidth=0)
    styles = ("-", "--", "--")
    for level, style, name in zip(limits, styles, ("bias", "2.5 %", "97.5 %"), strict=True):
        axes.axhline(level, color=INK, linewidth=1, linestyle=style)
        axes.annotate(
            f"{name} {level:+.3g}",
            (1.0, level),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            fontsize=7.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )
    axes.set_xlabel(f"true value ({unit})")
    axes.set_ylabel(f"ours minus true ({unit})")
    return axes


def difference_forest(axes: Axes, rows: pd.DataFrame, label: str) -> Axes:
    """Draw our errors beside published ones, a row each; ours filled, published open.

    Parameters
    ----------
    axes : Axes
    rows : DataFrame
        name, value, low, high (NaN for no interval), is_ours.
    label : str
        Of the x axis.
    """
    for place, row in enumerate(rows.to_dict("records")):
        colour = BLUE if row["is_ours"] else GREY
        if np.isfinite(row["low"]):
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
        axes.plot(
            row["value"],
            place,
            marker="o" if row["is_ours"] else "D",
            color=colour,
            markerfacecolor=colour if row["is_ours"] else "white",
            markersize=7,
        )
        axes.annotate(
            f"{row['value']:.3g}",
            (row["value"], place),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_yticks(range(len(rows)), list(rows["name"]))
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
    return axes


def calibration(axes: Axes, curve: pd.DataFrame) -> Axes:
    """Draw the observed share with its 90 % interval against the probability stated.

    Parameters
    ----------
    axes : Axes
    curve : DataFrame
        expected, observed, observed_low, observed_high; NaN ends where there is no interval.
    """
    top = float(np.nanmax([curve["expected"].max(), curve["observed_high"].max(), 0.05]))
    axes.plot([0.0, top], [0.0, top], color=GREY, linewidth=0.8, linestyle="--")
    axes.text(top, top, "as stated", ha="right", va="bottom", color=GREY, fontsize=8)
    below = curve["observed"] - curve["observed_low"]
    above = curve["observed_high"] - curve["observed"]
    axes.errorbar(
        curve["expected"],
        curve["observed"],
        yerr=np.nan_to_num(np.stack([below, above]).clip(0.0)),
        fmt="o",
        color=BLUE,
        markersize=4,
        linewidth=1.0,
    )
    axes.set_xlabel("stated probability")
    axes.set_ylabel("observed share (90 % interval)")
    return axes


def net_benefit(axes: Axes, curves: dict[str, pd.DataFrame]) -> Axes:
    """Draw net benefit against the threshold at which one would act, a labelled line each.

    Parameters
    ----------
    axes : Axes
    curves : dict of str to DataFrame
        threshold, net_benefit; the first is drawn strongest.
    """
    styles = ((BLUE, "-", 1.8), (ORANGE, "--", 1.2), (GREEN, "-.", 1.2), (GREY, ":", 1.2))
    for (name, curve), (colour, dash, width) in zip(curves.items(), styles, strict=False):
        axes.plot(curve["threshold"], curve["net_benefit"], dash, color=colour, linewidth=width)
        last = curve.iloc[-1]
        axes.annotate(
            name,
            (last["threshold"], last["net_benefit"]),
            xytext=(4, 0),
            textcoords="offset points",
            color=colour,
            fontsize=8,
            va="center",
        )
    axes.axhline(0.0, color=INK, linewidth=0.6)
    axes.margins(x=0.25)
    axes.set_xlabel("probability at which one would act")
    axes.set_ylabel("net benefit")
    return axes


def predictive_bars(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw observed shares as bars with the 90 % range of replicates over them.

    Parameters
    ----------
    axes : Axes
    rows : DataFrame
        label, observed, median, low, high.
    """
    place = np.arange(len(rows))
    axes.bar(place, rows["observed"], color="#BFD9EA", edgecolor=BLUE, linewidth=0.5)
    axes.vlines(place, rows["low"], rows["high"], color=ORANGE, linewidth=1.4)
    axes.plot(place, rows["median"], "s", color=ORANGE, markersize=3)
    axes.set_xticks(place, list(rows["label"]))
    return axes

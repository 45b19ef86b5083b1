"""Figures of the in-silico trial: each draws on the Axes it is given and returns them."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from tolerance.figures import BLUE, GREEN, GREY, INK, ORANGE

__all__ = ["excess_forest", "frontier_plot", "reached_curves"]

LOOKS: Final = {
    "published": (GREY, "D", "white"),
    "rule": (GREY, "s", "white"),
    "ours": (BLUE, "o", BLUE),
    "oracle": (GREEN, "*", GREEN),
}
"""Colour, marker and face by kind of arm: kinds differ by shape and filling besides colour."""

LINES: Final = {"published": ":", "rule": "--", "ours": "-", "oracle": "-."}
LABEL_GAP: Final = 0.055
"""Least distance of two labels, as a share of the axis. Engineering choice."""


def frontier_plot(axes: Axes, points: pd.DataFrame, frontier: pd.DataFrame) -> Axes:
    """Draw reinjury against load, an arm a point, with the frontier of published arms.

    Parameters
    ----------
    axes : Axes
    points : DataFrame
        name, kind, is_labelled, load, load_low, load_high, reinjury, reinjury_low, reinjury_high.
    frontier : DataFrame
        load, reinjury, by rising load.
    """
    axes.plot(frontier["load"], frontier["reinjury"], color=INK, linewidth=1, linestyle="--")
    for kind, (colour, marker, face) in LOOKS.items():
        these = points[points["kind"] == kind]
        axes.errorbar(
            these["load"],
            these["reinjury"],
            xerr=np.vstack((these["load"] - these["load_low"], these["load_high"] - these["load"])),
            yerr=np.vstack(
                (
                    these["reinjury"] - these["reinjury_low"],
                    these["reinjury_high"] - these["reinjury"],
                )
            ),
            fmt=marker,
            color=colour,
            markerfacecolor=face,
            markersize=9 if kind == "oracle" else 6,
            elinewidth=0.8,
        )
    axes.set_xlim(0.0, 1.22 * points["load_high"].max())
    axes.set_ylim(-0.06 * points["reinjury_high"].max(), 1.08 * points["reinjury_high"].max())
    shown = points[points["is_labelled"]].sort_values("reinjury")
    is_ours = shown["kind"].isin(("ours", "oracle"))
    top = axes.get_ylim()[1]
    # Ours are named below their points, the others above: where they crowd, no name hides one.
    above, below = shown[~is_ours], shown[is_ours].iloc[::-1]
    heights = [
        *_apart(above["reinjury"].to_numpy() + 0.03 * top, top),
        *_downward(below["reinjury"].to_numpy() - 0.04 * top, top),
    ]
    rows = [*above.to_dict("records"), *below.to_dict("records")]
    for row, height in zip(rows, heights, strict=True):
        is_below = row["kind"] in ("ours", "oracle")
        gap = 0.03 * axes.get_xlim()[1]
        axes.annotate(
            str(row["name"]),
            (row["load"], row["reinjury"]),
            xytext=(row["load"] + (gap if is_below else -gap), height),
            va="center",
            ha="left" if is_below else "right",
            fontsize=7.5,
            fontweight="bold" if is_below else "normal",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5},
        )
    axes.set_xlabel("load regained in 26 weeks (reference runs of 30 min)")
    axes.set_ylabel("reinjured, of 100")
    return axes


def reached_curves(axes: Axes, curves: pd.DataFrame) -> Axes:
    """Draw the share that reached the target by week, a line an arm, named at its end.

    Parameters
    ----------
    axes : Axes
    curves : DataFrame
        name, kind, week, share (of 100).
    """
    last = curves["week"].max()
    ends = curves[curves["week"] == last].sort_values("share")
    heights = _apart(ends["share"].to_numpy(), 100.0)
    for end, height in zip(ends.to_dict("records"), heights, strict=True):
        line = curves[curves["name"] == end["name"]]
        kind = str(end["kind"])
        colour = {"ours": BLUE, "oracle": GREEN, "rule": ORANGE, "published": INK}[kind]
        axes.step(
            line["week"],
            line["share"],
            where="post",
            color=colour,
            linestyle=LINES[kind],
            linewidth=1.6 if kind in ("ours", "oracle") else 1.1,
        )
        axes.annotate(
            str(end["name"]),
            (last, end["share"]),
            xytext=(last + 0.6, height),
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
    axes.set_xlim(1, last + 8)
    axes.set_xticks([1, 5, 10, 15, 20, int(last)])
    axes.set_ylim(0, 100)
    axes.set_xlabel("week")
    axes.set_ylabel("reached the target uninjured, of 100")
    return axes


def excess_forest(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw reinjuries above the frontier with 95 % intervals; left of 0 is better.

    Parameters
    ----------
    axes : Axes
    rows : DataFrame
        world, name, arm, value, low, high (of 100); rows of a world stand together.
    """
    worlds = list(dict.fromkeys(rows["world"]))
    arms = list(dict.fromkeys(rows["name"]))
    for row in rows.to_dict("records"):
        kind = "oracle" if row["arm"] == "oracle" else "ours"
        colour, marker, _ = LOOKS[kind]
        place = worlds.index(row["world"]) + 0.18 * (arms.index(row["name"]) - 1.5)
        axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.5)
        face = colour if row["arm"] in ("ours_default", "oracle") else "white"
        axes.plot(row["value"], place, marker=marker, color=colour, markerfacecolor=face)
        axes.annotate(
            str(row["name"]),
            (row["high"], place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    axes.axvline(0.0, color=INK, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(worlds)), worlds)
    axes.set_ylim(len(worlds) - 0.5, -0.6)
    axes.margins(x=0.2)
    axes.set_xlabel("reinjuries of 100 above the frontier of published arms (left is better)")
    return axes


def _downward(values: np.ndarray[tuple[int], np.dtype[np.float64]], top: float) -> list[float]:
    """Return heights of labels in falling order, moved down where two would touch."""
    placed: list[float] = []
    for value in values:
        most = placed[-1] - LABEL_GAP * top if placed else np.inf
        placed.append(min(float(value), most))
    # Names may stand below the axis' zero, never below its label.
    return placed


def _apart(values: np.ndarray[tuple[int], np.dtype[np.float64]], top: float) -> list[float]:
    """Return heights of labels in rising order, moved up where two would touch."""
    placed: list[float] = []
    for value in values:
        least = placed[-1] + LABEL_GAP * top if placed else 0.02 * top
        placed.append(max(float(value), least))
    over = placed[-1] - 0.98 * top if placed else 0.0
    if over > 0.0:
        # Push down from the top what was pushed out of the picture.
        ceiling = 0.98 * top
        for i in range(len(placed) - 1, -1, -1):
            placed[i] = min(placed[i], ceiling)
            ceiling = placed[i] - LABEL_GAP * top
    return placed

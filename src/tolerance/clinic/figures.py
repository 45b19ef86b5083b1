"""Figures of the clinic's pages: each draws on the Axes it is given and returns them."""

from collections.abc import Sequence
from datetime import date, timedelta

from matplotlib.axes import Axes

from tolerance.clinic.content import PainPoint, WeekLoad
from tolerance.figures import BLUE, GREY, INK, ORANGE

__all__ = ["pain_course", "week_loads"]

MARKERS = ("o", "s", "D", "^", "v", "P")
COLOURS = (ORANGE, BLUE, INK, GREY, ORANGE, BLUE)


def week_loads(axes: Axes, weeks: Sequence[WeekLoad], ceiling_rr: float | None) -> Axes:
    """Draw the load of each week with its 90 % range; weeks without an entry say so.

    Parameters
    ----------
    axes : Axes
    weeks : sequence of WeekLoad
    ceiling_rr : float or None
        This week's ceiling, drawn as a line with its name.
    """
    top = max([week.load_rr.high for week in weeks if week.load_rr] + [ceiling_rr or 0.0, 0.5])
    for place, week in enumerate(weeks):
        load = week.load_rr
        if load is None:
            axes.text(place, 0.03 * top, "no\nentry", ha="center", va="bottom", color=GREY, size=7)
            continue
        reach = [[load.value - load.low], [load.high - load.value]]
        axes.bar(place, load.value, width=0.62, color=BLUE, alpha=0.75)
        axes.errorbar(place, load.value, yerr=reach, fmt="none", ecolor=INK, capsize=2, lw=1)
    if ceiling_rr is not None:
        place = len(weeks)
        axes.plot([place - 0.4, place + 0.4], [ceiling_rr] * 2, color=ORANGE, lw=2.5)
        axes.text(place, ceiling_rr, "ceiling", ha="center", va="bottom", color=ORANGE, size=8)
    names = [f"{week.monday.day}.{week.monday.month}." for week in weeks]
    ticks = list(range(len(weeks)))
    if ceiling_rr is not None:
        names.append("now")
        ticks.append(len(weeks))
    axes.set_xticks(ticks, names, fontsize=7)
    axes.set_xlim(-0.6, len(ticks) - 0.4)
    axes.set_ylim(0, 1.15 * top)
    axes.set_ylabel("reference runs, 90 % range")
    axes.set_xlabel("week from")
    return axes


def pain_course(
    axes: Axes, pains: Sequence[PainPoint], limit: float | None, start: date, stop: date
) -> Axes:
    """Draw worst pain by day; places differ by marker and are named where they end.

    Parameters
    ----------
    axes : Axes
    pains : sequence of PainPoint
    limit : float or None
        Highest pain that counts as safe, drawn as a line.
    start, stop : date
        Days shown, stop excluded.
    """
    places = list(dict.fromkeys(point.place for point in pains))
    for index, place in enumerate(places):
        points = [point for point in pains if point.place == place]
        days = [(point.day - start).days for point in points]
        levels = [point.pain for point in points]
        marker, colour = MARKERS[index % len(MARKERS)], COLOURS[index % len(COLOURS)]
        axes.plot(days, levels, linestyle="none", marker=marker, color=colour, markersize=4)
        axes.annotate(
            place,
            (days[-1], levels[-1]),
            xytext=(0, 24 + 10 * index),
            textcoords="offset points",
            ha="right",
            color=colour,
            size=8,
        )
    if limit is not None:
        axes.axhline(limit, color=GREY, lw=1, ls="--")
        axes.text(0.5, limit + 0.15, f"limit {limit:g}", color="#5b646d", size=7)
    span = (stop - start).days
    ticks = list(range(0, span + 1, 14))
    labels = [start + timedelta(days=tick) for tick in ticks]
    axes.set_xticks(ticks, [f"{day.day}.{day.month}." for day in labels], fontsize=7)
    axes.set_xlim(-1, span + 1)
    axes.set_ylim(-0.4, 10.4)
    axes.set_yticks([0, 2, 4, 6, 8, 10])
    axes.set_ylabel("worst pain, 0 to 10")
    axes.set_xlabel("day")
    return axes

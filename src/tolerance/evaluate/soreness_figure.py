"""The calibration curves of the soreness page, several on one pair of axes."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes

from tolerance.figures import BLUE, GREEN, INK, ORANGE

__all__ = ["calibration_curves"]

CURVE_LOOKS: Final = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"))
"""Colour and marker of up to three calibration curves."""


def calibration_curves(
    axes: Axes, curves: Mapping[str, Sequence[Mapping[str, float]]], label: str
) -> Axes:
    """Draw observed shares against predicted probabilities; the diagonal is perfect.

    Parameters
    ----------
    axes : Axes
    curves : mapping of str to sequence
        At most three, each of groups with ``predicted`` and ``observed``.
    label : str
        What is predicted.
    """
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
    for (name, groups), (colour, marker) in zip(curves.items(), CURVE_LOOKS, strict=False):
        predicted = [group["predicted"] for group in groups]
        observed = [group["observed"] for group in groups]
        axes.plot(predicted, observed, color=colour, marker=marker, markersize=5, linewidth=1)
        axes.annotate(
            name,
            (predicted[-1], observed[-1]),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=8,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel(f"predicted probability of {label}")
    axes.set_ylabel("observed share")
    return axes

"""Figures draw what they are given, name it with units, and cope with little or nothing.

Every warning is an error, so that drawing without data is tested by drawing.
"""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from tolerance import figures


@pytest.fixture(autouse=True)
def style():
    with rc_context(figures.STYLE):
        yield


@pytest.fixture
def axes():
    """Give Axes of a figure whose drawing is part of every test."""
    figure, (axes,) = figures.new_figure(5.0, 2.5)
    yield axes
    draw(figure)


def draw(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def ticks(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


TIMELINE = pd.DataFrame(
    [
        ("left shin", 0.0, 10.0, "still"),
        ("left shin", 10.0, 70.0, "running"),
        ("left shin", 70.0, 75.0, "walking"),
        ("left shin", 75.0, 80.0, "other"),
        ("left shin", 80.0, 90.0, "unknown"),
        ("sacrum", 0.0, 90.0, "running"),
    ],
    columns=["sensor", "start_s", "stop_s", "activity"],
)


@pytest.mark.parametrize("n_rows", [0, 1, len(TIMELINE)])
def test_timeline_has_a_bar_for_each_stretch(axes, n_rows):
    shown = TIMELINE.iloc[:n_rows]
    assert figures.activity_timeline(axes, shown) is axes
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(
        np.array(bars).reshape(-1, 2), shown[["start_s", "stop_s"]].to_numpy(float)
    )
    assert ticks(axes) == list(dict.fromkeys(shown["sensor"]))
    assert "(s)" in axes.get_xlabel()
    assert axes.get_title(loc="left")


def test_timeline_names_running_where_the_word_fits_and_tells_kinds_apart(axes):
    figures.activity_timeline(axes, TIMELINE)
    # The walk of 5 of 90 s is too narrow for its name; the second sensor repeats no names.
    assert texts(axes) == ["running"]
    looks = {(bar.get_facecolor(), bar.get_hatch()) for bar in axes.patches}
    assert len(looks) == 5


CURVE = pd.DataFrame(
    {
        "speed_mps": [2.5, 3.0, 3.5],
        "force_bw": [2.2, 2.4, 2.6],
        "low": [2.0, 2.2, 2.3],
        "high": [2.5, 2.6, 3.0],
    }
)


@pytest.mark.parametrize("n_rows", [0, 1, 3])
@pytest.mark.parametrize("limits", [("low", "high"), ("", "")])
def test_speed_curve_goes_through_the_rows_with_their_range(axes, n_rows, limits):
    shown = CURVE.iloc[:n_rows]
    figures.speed_curve(axes, shown, "force_bw", *limits)
    line = axes.lines[-1]
    np.testing.assert_array_equal(line.get_xdata(), shown["speed_mps"])
    np.testing.assert_array_equal(line.get_ydata(), shown["force_bw"])
    assert axes.get_xlabel() == "speed (m/s)"
    if limits[0] and n_rows:
        (ranges,) = axes.collections
        ends = np.array([segment[:, 1] for segment in ranges.get_segments()])
        np.testing.assert_allclose(ends, shown[["low", "high"]])
    else:
        assert not axes.collections or not axes.collections[0].get_segments()


def test_an_unknown_range_is_not_drawn(axes):
    figures.speed_curve(axes, CURVE.assign(low=np.nan, high=np.nan), "force_bw", "low", "high")
    np.testing.assert_array_equal(axes.lines[-1].get_ydata(), CURVE["force_bw"])


IMPACTS = pd.DataFrame(
    {
        "side": ["left", "left", "right", "right", "unknown"],
        "peak_tibial_acc_g": [4.0, 6.0, 9.0, 7.0, 3.0],
    }
)


@pytest.mark.parametrize("n_rows", [0, 1, 4, 5])
def test_impacts_stand_by_side_with_their_median(axes, n_rows):
    shown = IMPACTS.iloc[:n_rows]
    figures.impact_by_side(axes, shown)
    medians = shown.groupby("side")["peak_tibial_acc_g"].median()
    assert ticks(axes) == [f"{side} shin" for side in medians.index]
    assert texts(axes) == [f"median {value:.1f} g" for value in medians]
    drawn = np.concatenate([np.empty((0, 2)), *(c.get_offsets() for c in axes.collections)])
    np.testing.assert_allclose(np.sort(drawn[:, 0]), np.sort(shown["peak_tibial_acc_g"]))
    assert "(g)" in axes.get_xlabel()
    assert "not a measure of tissue load" in axes.get_title(loc="left")
    assert axes.get_xlim()[0] == 0.0


def test_sides_differ_by_shape_besides_colour():
    colours, markers = zip(*figures.SIDE_LOOKS.values(), strict=True)
    assert len(set(colours)) == len(set(markers)) == len(figures.SIDE_LOOKS)


INTERVALS = pd.DataFrame(
    {
        "name": ["shin bone, left", "shin bone, right", "tendon"],
        "side": ["left", "right", "unknown"],
        "relative": [1.1, 0.9, 1.0],
        "low": [1.0, 0.7, 0.9],
        "high": [1.3, 1.1, 1.2],
    }
)


@pytest.mark.parametrize("n_rows", [0, 1, 3])
def test_intervals_show_value_range_and_reference(axes, n_rows):
    shown = INTERVALS.iloc[:n_rows]
    figures.intervals_by_row(axes, shown, "load of a step, 1 = reference step")
    assert ticks(axes) == list(shown["name"])
    assert texts(axes) == [f"{value:.2f}" for value in shown["relative"]]
    ranges = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2][:n_rows]
    np.testing.assert_allclose(np.array(ranges).reshape(-1, 2), shown[["low", "high"]])
    reference = axes.lines[-1]
    assert list(reference.get_xdata()) == [1.0, 1.0]
    assert axes.get_xlabel() == "load of a step, 1 = reference step"
    low, high = axes.get_ylim()
    assert low > high  # the first row is on top


@pytest.mark.parametrize("n_rows", [0, 1, 4])
def test_bland_altman_draws_seen_pairs_and_all_limits(axes, n_rows):
    reference = pd.Series([200.0, 220.0, np.nan, 260.0], dtype=float).iloc[:n_rows]
    error = pd.Series([5.0, -3.0, 1.0, np.nan], dtype=float).iloc[:n_rows]
    figures.bland_altman(axes, reference, error, (1.5, -8.0, 11.0), "ms")
    seen = reference.notna() & error.notna()
    (points,) = axes.collections
    np.testing.assert_allclose(
        points.get_offsets(), np.column_stack((reference[seen], error[seen])).reshape(-1, 2)
    )
    assert texts(axes) == ["bias +1.5", "2.5 % -8", "97.5 % +11"]
    assert [line.get_ydata()[0] for line in axes.lines] == [1.5, -8.0, 11.0]
    assert axes.get_xlabel() == "true value (ms)"
    assert axes.get_ylabel() == "ours minus true (ms)"


FOREST = pd.DataFrame(
    {
        "name": ["this workspace", "published", "published without interval"],
        "value": [9.0, 12.0, 15.0],
        "low": [8.0, 10.0, np.nan],
        "high": [10.0, 14.0, np.nan],
        "is_ours": [True, False, False],
    }
)


@pytest.mark.parametrize("n_rows", [0, 1, 3])
def test_forest_tells_ours_from_published(axes, n_rows):
    shown = FOREST.iloc[:n_rows]
    figures.difference_forest(axes, shown, "error of contact time (ms)")
    assert ticks(axes) == list(shown["name"])
    assert texts(axes) == [f"{value:.3g}" for value in shown["value"]]
    markers = [line.get_marker() for line in axes.lines if line.get_marker() != "None"]
    assert markers == ["o" if ours else "D" for ours in shown["is_ours"]]
    ranges = [line for line in axes.lines if line.get_marker() == "None"]
    assert len(ranges) == shown["low"].notna().sum()
    assert axes.get_xlabel() == "error of contact time (ms)"
    assert axes.get_xlim()[0] == 0.0


def test_several_axes_stand_side_by_side():
    figure, axes = figures.new_figure(6.0, 2.0, 3)
    assert len(axes) == 3
    draw(figure)
    lefts = [one.get_position().x0 for one in axes]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == 3
    assert list(figure.get_size_inches()) == [6.0, 2.0]


def test_the_same_data_are_the_same_bytes():
    def picture():
        figure, axes = figures.new_figure(5.0, 2.5, 2)
        figures.impact_by_side(axes[0], IMPACTS)
        figures.activity_timeline(axes[1], TIMELINE)
        return draw(figure)

    assert picture() == picture()

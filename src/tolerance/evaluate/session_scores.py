"""Load and damage of whole trials against measured force, relative to the runner's own reference.

What the reader acts on is not a step but a session: the mean load, and the sum of a power, each
over the runner's usual step, so that an error which all of a runner's steps share cancels. Here
that is done with the measured force and with the estimated one on the same contacts. Steps of one
trial err alike, so a trial is one row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.damage import LOAD_EXPONENT, noise_inflation, shrink_to_session, sum_damage
from loadcore.force import peak_vertical_force
from tolerance.evaluate.events import match_events
from tolerance.evaluate.score_tables import Scores, quantity_rows, row_labels
from tolerance.exposure.settings import ExposureSettings

__all__ = ["DAMAGE_EXPONENT", "PairedForces", "pair_forces", "score_sessions"]

type FloatArray = NDArray[np.float64]

DAMAGE_EXPONENT: Final = 9.0
"""Tendon, the highest of ``damage.FATIGUE_EXPONENTS``: what holds for it holds for the others."""
MIN_STEPS: Final = 8
"""Fewer paired contacts are no session. Engineering choice."""


@dataclass(frozen=True)
class PairedForces:
    """Peak forces of one recording's contacts, estimated and measured.

    Attributes
    ----------
    recording : Series
        Row of table ``recordings``.
    conditions : DataFrame
        Reference table of the recording.
    time_s, estimated_bw, measured_bw : (n,) float64 array
        Initial contact by the reference, and both peaks.
    noise, step, shared : (n,) float64 array
        Errors of the estimate over it: of the times alone, all of the step's own, and of the
        whole recording.
    """

    recording: "pd.Series[str]"
    conditions: pd.DataFrame
    time_s: FloatArray
    estimated_bw: FloatArray
    measured_bw: FloatArray
    noise: FloatArray
    step: FloatArray
    shared: FloatArray


def pair_forces(
    recording: "pd.Series[str]",
    found: pd.DataFrame,
    reference: pd.DataFrame,
    conditions: pd.DataFrame,
    tolerance_s: float,
    settings: ExposureSettings,
) -> PairedForces | None:
    """Pair found contacts with complete reference contacts that have a measured force.

    Parameters
    ----------
    recording : Series
        Row of table ``recordings``.
    found : DataFrame
        As `contact_scores.found_contacts` gives it.
    reference, conditions : DataFrame
        Reference tables ``contacts`` and ``conditions`` of the recording.
    tolerance_s : float
        Largest distance of two initial contacts that are the same.
    settings : ExposureSettings
        With the force settings that made the steps.

    Returns
    -------
    PairedForces or None
        None with fewer than `MIN_STEPS` pairs.
    """
    match = match_events(
        found["initial_contact_s"].to_numpy(),
        reference["initial_contact_s"].to_numpy(),
        tolerance_s,
    )
    ours = found.iloc[match.detected].reset_index(drop=True)
    true = reference.iloc[match.reference].reset_index(drop=True)
    known = (
        true["is_complete"] & true["peak_vgrf_bw"].notna() & ours["peak_vgrf_bw"].notna()
    ).to_numpy()
    if np.count_nonzero(known) < MIN_STEPS:
        return None
    ours, true = ours[known], true[known]
    contact = ours["contact_time_s"].to_numpy()
    force = peak_vertical_force(
        contact,
        ours["flight_time_s"].to_numpy(),
        ours["contact_time_sd_s"].to_numpy(),
        np.sqrt(2.0) * ours["initial_contact_sd_s"].to_numpy(),
        settings.force,
    )
    return PairedForces(
        recording=recording,
        conditions=conditions,
        time_s=true["initial_contact_s"].to_numpy(),
        estimated_bw=ours["peak_vgrf_bw"].to_numpy(),
        measured_bw=true["peak_vgrf_bw"].to_numpy(),
        noise=force.noise_sd_bw / force.peak_vgrf_bw,
        step=force.step_sd_bw / force.peak_vgrf_bw,
        shared=force.shared_sd_bw / force.peak_vgrf_bw,
    )


def score_sessions(
    evaluation: str, paired: Sequence[PairedForces], settings: ExposureSettings
) -> Iterator[Scores]:
    """Score relative load and damage of each recording, runner by runner and site by site.

    The reference step is the median of all paired contacts of the runner's other recordings,
    measured and estimated each by its own. Errors are logarithms of estimate over truth, as the
    intervals are lognormal. A runner with one recording has nothing to be relative to.
    """
    groups: dict[tuple[str, str], list[PairedForces]] = {}
    for one in paired:
        key = (str(one.recording["runner_id"]), str(one.recording["sensor_site"]))
        groups.setdefault(key, []).append(one)
    for mine in groups.values():
        for one in mine:
            others = [other for other in mine if other is not one]
            if others:
                yield _score(evaluation, one, others, settings)


def _score(
    evaluation: str, one: PairedForces, others: Sequence[PairedForces], settings: ExposureSettings
) -> Scores:
    true = one.measured_bw / np.median(np.concatenate([o.measured_bw for o in others]))
    seen = one.estimated_bw / np.median(np.concatenate([o.estimated_bw for o in others]))
    believed, left = shrink_to_session(seen, one.noise)
    step = np.sqrt(np.maximum(one.step**2 - one.noise**2, 0.0) + left**2)
    # Reference and session come from different recordings of one runner and sensor.
    shared = one.shared * np.sqrt(2.0 * (1.0 - settings.reference_error_correlation))
    labels = row_labels(evaluation, one.recording, one.conditions, one.time_s[:1], np.zeros(1, int))
    rows = []
    for quantity, exponent in (
        ("session_load", LOAD_EXPONENT),
        ("session_damage", DAMAGE_EXPONENT),
    ):
        cost = believed**exponent * noise_inflation(left, exponent)
        total = sum_damage(
            cost ** (1.0 / exponent), exponent, step_fraction=step, shared_fraction=shared
        )
        truth = float((true**exponent).sum())
        log_sd = np.sqrt(np.log1p((total.sd / total.total) ** 2))
        rows.append(
            quantity_rows(
                quantity,
                labels,
                np.array([np.nan]),  # the error is a logarithm, of no unit of the truth
                np.array([np.log(total.total / truth)]),
                np.array([log_sd]),
            )
        )
    return Scores(pd.concat(rows, ignore_index=True), pd.DataFrame())

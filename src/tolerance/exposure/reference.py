"""The runner's own reference step and reference run: the unit in which load is counted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadcore.constants import TISSUES
from loadcore.recording import Steps
from tolerance.exposure.settings import ExposureSettings
from tolerance.exposure.step_errors import step_errors
from tolerance.schemas import conform

__all__ = ["SOURCES", "Reference", "choose_reference"]

type FloatArray = NDArray[np.float64]
type Source = Literal["flagged", "easy_speed", "all_steps", "none"]

SOURCES: Final[Mapping[Source, str]] = {
    "flagged": "a recording that was marked as the runner's easy, flat reference run",
    "easy_speed": "steps near the runner's easy speed",
    "all_steps": "all steps of the recordings at hand, for want of an easy run: loads compare "
    "within them, not with other days",
    "none": "too few steps for a reference: relative load is not known",
}
"""Where a reference can come from, best first, in words for a report."""


@dataclass(frozen=True)
class Reference:
    """A reference step and how many of them one leg takes in a reference run.

    Attributes
    ----------
    peak_force_bw : (3,) float64 array
        Median peak per tissue (``constants.TISSUES``); NaN where there is no reference.
    shared_fraction : (3,) float64 array
        Error that all steps of the reference share, over the force.
    steps_per_side : float
        Steps of one leg in the reference run: minutes times cadence of both feet over two. So the
        reference run is 1 rr for each leg, not 1 rr for both together.
    cadence_spm : float
        Steps of both feet a minute.
    n_steps : int
        Steps behind the medians.
    source : str
        A key of ``SOURCES``.
    recording_ids : tuple of str
        Recordings that the reference was taken from.
    """

    peak_force_bw: FloatArray
    shared_fraction: FloatArray
    steps_per_side: float
    cadence_spm: float
    n_steps: int
    source: Source
    recording_ids: tuple[str, ...]

    def relative_shared_fraction(
        self, shared_fraction: FloatArray, recording_id: str, settings: ExposureSettings
    ) -> FloatArray:
        """Return the shared error of force over reference force, as a share.

        Errors that the step and the reference have in common cancel: most of them where the
        reference comes from the same recording (``own_reference_error_correlation``), fewer where
        it comes from another (``reference_error_correlation``).

        Parameters
        ----------
        shared_fraction : (n_steps, 3) float array
            Shared error of the steps.
        recording_id : str
            Recording of the steps.
        settings : ExposureSettings
        """
        is_own = recording_id in self.recording_ids
        common = (
            settings.own_reference_error_correlation
            if is_own
            else settings.reference_error_correlation
        )
        variance = (
            shared_fraction**2
            + self.shared_fraction**2
            - 2.0 * common * shared_fraction * self.shared_fraction
        )
        return np.sqrt(np.maximum(variance, 0.0))

    def table(self, runner_id: str) -> pd.DataFrame:
        """Return table ``references`` of one runner, one row a tissue."""
        frame = pd.DataFrame(
            {
                "runner_id": pd.Series([runner_id] * len(TISSUES), dtype="str"),
                "tissue": pd.Series(list(TISSUES), dtype="str"),
                "peak_force_bw": self.peak_force_bw,
                "shared_sd_frac": self.shared_fraction,
                "steps_per_side": self.steps_per_side,
                "cadence_spm": self.cadence_spm,
                "n_steps": self.n_steps,
                "source": pd.Series([self.source] * len(TISSUES), dtype="str"),
            }
        )
        return conform("references", frame)


def choose_reference(
    runs: Mapping[str, Steps],
    settings: ExposureSettings,
    *,
    flagged: Collection[str] = (),
    easy_speed_mps: float = np.nan,
) -> Reference:
    """Choose the steps that stand for easy, flat running of one runner, and say which.

    In this order, whichever first has enough valid steps: recordings flagged as reference; steps
    within a band of the runner's easy speed; all valid steps.

    Parameters
    ----------
    runs : mapping of recording_id to Steps
        One runner's recordings. Known slopes are the caller's to leave out.
    settings : ExposureSettings
    flagged : collection of str
        Recordings marked as reference.
    easy_speed_mps : float
        The runner's easy speed, NaN where unknown. Steps without a speed are then never near it.

    Returns
    -------
    Reference
        With NaN and source ``"none"`` where even all steps are too few.

    Raises
    ------
    ValueError
        For a flagged recording that is not among `runs`.
    """
    unknown = sorted(set(flagged) - set(runs))
    if unknown:
        raise ValueError(
            f"flagged: got {', '.join(unknown)}, expected recordings among {', '.join(runs)}"
        )
    valid = {name: _valid(steps) for name, steps in runs.items()}
    band = settings.easy_speed_band_frac * easy_speed_mps
    candidates: tuple[tuple[Source, dict[str, NDArray[np.bool_]]], ...] = (
        ("flagged", {name: valid[name] for name in runs if name in flagged}),
        (
            "easy_speed",
            {
                name: valid[name] & (np.abs(steps.speed_mps - easy_speed_mps) <= band)
                for name, steps in runs.items()
            },
        ),
        ("all_steps", valid),
    )
    for source, chosen in candidates:
        if sum(int(mask.sum()) for mask in chosen.values()) >= settings.min_reference_steps:
            return _reference(runs, chosen, source, settings)
    nothing = np.full(len(TISSUES), np.nan)
    return Reference(nothing, nothing, np.nan, np.nan, 0, "none", ())


def _valid(steps: Steps) -> NDArray[np.bool_]:
    """Return which steps count and have a force of every tissue."""
    has_force = np.isfinite(steps.tissue_peak_force_bw).all(axis=1)
    return np.asarray((steps.reject_reason == 0) & has_force & np.isfinite(steps.step_time_s))


def _reference(
    runs: Mapping[str, Steps],
    chosen: Mapping[str, NDArray[np.bool_]],
    source: Source,
    settings: ExposureSettings,
) -> Reference:
    """Take the medians over the chosen steps."""
    force, step_time, shared = [], [], []
    for name, mask in chosen.items():
        steps = runs[name]
        peak = steps.tissue_peak_force_bw[mask]
        errors = step_errors(
            steps.contact_time_s[mask],
            steps.contact_time_sd_s[mask],
            steps.step_time_s[mask],
            steps.initial_contact_sd_s[mask],
            steps.tissue_peak_force_sd_bw[mask] / peak,
            settings,
        )
        force.append(peak)
        step_time.append(steps.step_time_s[mask])
        shared.append(errors.shared)
    cadence_spm = 60.0 / float(np.median(np.concatenate(step_time)))
    forces = np.concatenate(force)
    return Reference(
        peak_force_bw=np.median(forces, axis=0),
        shared_fraction=np.median(np.concatenate(shared), axis=0),
        steps_per_side=settings.reference_minutes * cadence_spm / 2.0,
        cadence_spm=cadence_spm,
        n_steps=len(forces),
        source=source,
        recording_ids=tuple(name for name, mask in chosen.items() if mask.any()),
    )

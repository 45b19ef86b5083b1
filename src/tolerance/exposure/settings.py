"""What a modeller may change about the unit of load and how sessions are summed."""

import math
from dataclasses import dataclass, field

import numpy as np

from loadcore.constants import TISSUES
from loadcore.damage import FATIGUE_EXPONENTS
from loadcore.force import MORIN_2005, ForceSettings
from loadcore.recording import AnalysisSettings
from loadcore.steps import StepLimits
from loadcore.tissue import TissueSettings
from tolerance.config import AnalyseRecordings

__all__ = ["ExposureSettings", "analysis_settings", "exposure_settings"]


@dataclass(frozen=True, kw_only=True)
class ExposureSettings:
    """Settings of the exposure tables.

    Attributes
    ----------
    reference_minutes : float
        Length of the reference run, the unit of load: 30 min easy and flat.
    fatigue_exponents : tuple of float
        Exponent of damage per tissue, in the order of ``constants.TISSUES``.
    easy_speed_band_frac : float
        Half-width of the band around the runner's easy speed that counts as easy. Engineering
        choice: 10 %, some 0.3 m/s.
    min_reference_steps : int
        Fewer valid steps than this make no reference. Engineering choice: 60, some 40 s of one
        foot, after which the median of a step is steady to about 1 %.
    reference_error_correlation : float
        Correlation between the shared errors of a session and of the reference taken in another
        session of the same runner; what they have in common cancels in relative load. 0.6: share
        of the variance of the force's shape that belongs to the runner, 0.052 squared over
        0.052 squared plus 0.042 squared (rbds_fukuchi2017, 16 runners at 3 speeds).
    own_reference_error_correlation : float
        The same where the reference comes from the same recording: clock, mount and detector are
        one, but the force's shape changes with speed (SD 0.042 of the force within a runner, see
        above), which leaves a relative error of 6 % where each has 10 %.
    side_error_correlation : float
        The same between the two sides of one runner in one session. Engineering choice: as above,
        for the runner is the same and the sensors and mounts are not.
    min_coverage_frac : float
        Below it a session's load is not estimated. Engineering choice: half of the running.
    unobserved_sd_fraction : float
        How far the mean relative force of the running that was not observed may be from that
        observed. Engineering choice: 10 %, about 1 m/s of speed.
    force, tissue
        Settings of the load core with which the steps were computed; they tell which part of a
        step's error is noise and which is shared.
    """

    reference_minutes: float = 30.0
    fatigue_exponents: tuple[float, ...] = FATIGUE_EXPONENTS
    easy_speed_band_frac: float = 0.10
    min_reference_steps: int = 60
    reference_error_correlation: float = 0.6
    own_reference_error_correlation: float = 0.8
    side_error_correlation: float = 0.6
    min_coverage_frac: float = 0.5
    unobserved_sd_fraction: float = 0.10
    force: ForceSettings = MORIN_2005
    tissue: TissueSettings = field(default_factory=TissueSettings)

    def __post_init__(self) -> None:
        """Refuse impossible values, all at once."""
        problems = []
        if not (math.isfinite(self.reference_minutes) and self.reference_minutes > 0.0):
            problems.append(f"reference_minutes: got {self.reference_minutes}, expected above 0")
        if len(self.fatigue_exponents) != len(TISSUES) or not all(
            math.isfinite(b) and b > 1.0 for b in self.fatigue_exponents
        ):
            problems.append(
                f"fatigue_exponents: got {self.fatigue_exponents}, expected {len(TISSUES)} numbers "
                f"above 1 for {', '.join(TISSUES)}"
            )
        for name in (
            "easy_speed_band_frac",
            "reference_error_correlation",
            "own_reference_error_correlation",
            "side_error_correlation",
            "min_coverage_frac",
            "unobserved_sd_fraction",
        ):
            if not 0.0 <= getattr(self, name) <= 1.0:
                problems.append(f"{name}: got {getattr(self, name)}, expected 0 to 1")
        if self.min_reference_steps < 1:
            problems.append(
                f"min_reference_steps: got {self.min_reference_steps}, expected 1 or more"
            )
        if problems:
            raise ValueError("Invalid ExposureSettings: " + "; ".join(problems))


def analysis_settings(params: AnalyseRecordings) -> AnalysisSettings:
    """Return the load core's settings from their section of ``params.yaml``."""
    tissue = {name: np.atleast_1d(value) for name, value in params.tissue.model_dump().items()}
    return AnalysisSettings(
        steps=StepLimits(**params.step.model_dump()),
        force=ForceSettings(**params.force.model_dump()),
        tissue=TissueSettings(**tissue),
    )


def exposure_settings(params: AnalyseRecordings) -> ExposureSettings:
    """Return the settings of the exposure tables, with the load core's force and tissue models."""
    analysis = analysis_settings(params)
    return ExposureSettings(
        **params.exposure.model_dump(), force=analysis.force, tissue=analysis.tissue
    )

"""Accuracies that others published, in the metrics of this workspace, with their sources.

None of them was scored on the same runners, threshold or protocol as ours: they say what is usual,
not who wins. Read from the publications' abstracts or full texts.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["PUBLISHED", "Published"]


@dataclass(frozen=True)
class Published:
    """One published accuracy.

    Attributes
    ----------
    metric : str
        Our metric of the same kind.
    site : str
        Sensor site.
    value : float
        In the metric's unit.
    n_runners : int
    study : str
    doi : str
    remark : str
        How the value was made comparable, and what makes it differ.
    """

    metric: str
    site: str
    value: float
    n_runners: int
    study: str
    doi: str
    remark: str


_LIMITS: Final = (
    "width of the published 95 % limits over 3.92; they contain events paired with the wrong one"
)
_KIERNAN: Final = ("Kiernan 2023", "10.3390/s23114985")
_ZRENNER: Final = ("Zrenner 2018", "10.3390/s18124194")
_FALBRIARD: Final = ("Falbriard 2018", "10.3389/fphys.2018.00610")
_PRECISION: Final = "spread within a trial; a bias that depends on speed comes on top"

PUBLISHED: Final = (
    Published("initial_contact_sd_s", "shank", 0.058, 74, *_KIERNAN, _LIMITS),
    Published("initial_contact_sd_s", "sacrum", 0.057, 74, *_KIERNAN, _LIMITS),
    Published("initial_contact_sd_s", "foot", 0.002, 41, *_FALBRIARD, _PRECISION),
    Published("terminal_contact_sd_s", "shank", 0.075, 74, *_KIERNAN, _LIMITS),
    Published("terminal_contact_sd_s", "sacrum", 0.077, 74, *_KIERNAN, _LIMITS),
    Published("terminal_contact_sd_s", "foot", 0.004, 41, *_FALBRIARD, _PRECISION),
    Published(
        "contact_time_rmse_s",
        "sacrum",
        0.020,
        100,
        "Patoz 2022",
        "10.3390/s22030784",
        "level treadmill, 9 to 13 km/h",
    ),
    Published(
        "peak_force_rmse_bw",
        "sacrum",
        0.15,
        100,
        "Patoz 2022",
        "10.3390/s22030784",
        "level treadmill, 9 to 13 km/h",
    ),
    Published(
        "force_waveform_rmse_bw",
        "sacrum",
        0.16,
        19,
        "Alcantara 2022",
        "10.7717/peerj.12752",
        "sacrum and both shoes, network learned on other runners",
    ),
    Published(
        "stride_speed_rmse_mps",
        "foot",
        0.276,
        27,
        *_ZRENNER,
        "from bias 0.032 and SD 0.274 m/s; sensor in the sole",
    ),
    Published(
        "stride_length_rmse_m",
        "foot",
        0.159,
        27,
        *_ZRENNER,
        "from bias 0.022 and SD 0.157 m; sensor in the sole",
    ),
    Published(
        "side_correct",
        "sacrum",
        0.819,
        74,
        *_KIERNAN,
        "rule of Lee 2010",
    ),
)
"""In the order in which the report shows them."""

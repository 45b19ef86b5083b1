"""Facts of nature, published coefficients and the codes that arrays carry.

Every number has its source beside it. A number that a modeller may want to change is not here
but in ``params.yaml``.
"""

from typing import Final

import numpy as np

STANDARD_GRAVITY_MPS2: Final = 9.80665
"""Standard acceleration of free fall (CGPM 1901); 1 g wherever a value is in g."""

SITES: Final = ("shank", "foot", "sacrum", "waist", "hip")
"""Sensor sites the load core understands; any other site is an error, never a guess."""

TRUNK_SITES: Final = ("sacrum", "waist", "hip")
"""Sites that see both legs and are analysed alike."""

WATCH: Final = "watch"
"""A sports watch: no samples, but means over some seconds, which other code turns into steps."""

RECORDING_SITES: Final = (*SITES, WATCH)
"""Everything that a recording can come from, best observed first."""

BOTH_LEG_SITES: Final = (*TRUNK_SITES, WATCH)
"""What counts the steps of both legs."""

SIDES: Final = ("unknown", "left", "right")
"""Names of the side codes below, by index."""
SIDE_UNKNOWN: Final = np.int8(0)
SIDE_LEFT: Final = np.int8(1)
SIDE_RIGHT: Final = np.int8(2)

ACTIVITIES: Final = ("unknown", "still", "walking", "running", "other")
"""Names of the activity codes below, by index; "unknown" is unobserved, never rest."""
ACTIVITY_UNKNOWN: Final = np.int8(0)
ACTIVITY_STILL: Final = np.int8(1)
ACTIVITY_WALKING: Final = np.int8(2)
ACTIVITY_RUNNING: Final = np.int8(3)
ACTIVITY_OTHER: Final = np.int8(4)

TISSUES: Final = ("tibia", "achilles", "patellofemoral")
"""Tissues with a defensible per-step model, in the order of every ``(n_steps, 3)`` array."""

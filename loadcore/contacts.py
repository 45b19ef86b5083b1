"""Initial and terminal contacts: what every site returns, and which detector serves it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadcore.constants import SIDES, SITES, TRUNK_SITES
from loadcore.contact_times import Contacts
from loadcore.contacts_foot import foot_contacts
from loadcore.contacts_shank import ShankCoefficients, shank_contacts
from loadcore.contacts_trunk import trunk_contacts
from loadcore.signals import SignalError
from loadcore.trunk_waveform import TrunkCoefficients

__all__ = ["ContactModels", "Contacts", "find_contacts"]


@dataclass(frozen=True)
class ContactModels:
    """Event models learned elsewhere, one set per sensor site; None means published values.

    Attributes
    ----------
    shank : ShankCoefficients, optional
    foot : (2,) float64 array, optional
        As ``foot_contacts`` takes them.
    trunk : TrunkCoefficients, optional
        Learned on the same runner.
    """

    shank: ShankCoefficients | None = None
    foot: NDArray[np.float64] | None = None
    trunk: TrunkCoefficients | None = None


def find_contacts(
    acc_mps2: NDArray[np.float64],
    gyr_radps: NDArray[np.float64] | None,
    sampling_rate_hz: float,
    site: str,
    side: str,
    start_sample: int,
    stop_sample: int,
    models: ContactModels | None = None,
    whole: Contacts | None = None,
    rotation: NDArray[np.float64] | None = None,
    *,
    is_complete: bool = False,
) -> Contacts:
    """Find the contacts of one bout of running with the detector of the sensor's site.

    Parameters
    ----------
    acc_mps2, gyr_radps : (n_samples, 3) float64 array
        The whole recording; NaN where not observed; ``gyr_radps`` may be None.
    sampling_rate_hz : float
        Samples a second.
    site, side : str
        Names of ``constants.SITES`` and ``constants.SIDES``. Trunk sensors see both feet, so
        their ``side`` is not used.
    start_sample, stop_sample : int
        Half-open sample range of the bout.
    models : ContactModels, optional
        Learned coefficients.
    whole : Contacts, optional
        Of a foot sensor's whole recording (`contacts_foot.stretch_contacts`), where known.
    rotation : (3, 3) float64 array, optional
        Turns the signals to the segment frame, where they are not in it. Detectors turn no more
        than what they read.
    is_complete : bool
        Whether the caller knows that no value is missing; looked up if not.

    Returns
    -------
    Contacts
        In time order; no rows where no contact is found.

    Raises
    ------
    loadcore.signals.SignalError
        For a site or side that the load core does not know.
    """
    if site not in SITES or side not in SIDES:
        raise SignalError(
            f"site is {site!r} and side {side!r}; expected one of {', '.join(SITES)} and one of "
            f"{', '.join(SIDES)}"
        )
    models = models or ContactModels()
    window = (sampling_rate_hz, start_sample, stop_sample)
    if site in TRUNK_SITES:
        return trunk_contacts(
            acc_mps2, gyr_radps, *window, models.trunk, rotation=rotation, is_complete=is_complete
        )
    code = np.int8(SIDES.index(side))
    if site == "shank":
        return shank_contacts(
            acc_mps2, gyr_radps, *window, int(code), models.shank, rotation=rotation
        )
    return foot_contacts(acc_mps2, gyr_radps, *window, code, models.foot, whole=whole)

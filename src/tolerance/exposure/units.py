"""Which units of a runner carry load, and whose load stands for theirs."""

from collections.abc import Mapping, Sequence

from tolerance.anatomy import DEFAULT_UNITS, RUNNING_PROXY, Unit
from tolerance.clinic.record import RunnerRecord
from tolerance.config import Injury

__all__ = ["injury_units", "runner_units", "unit_proxies"]

SITE_PROXIES = {
    ("shin", "bone"): "tibia",
    ("achilles", "tendon"): "achilles",
    ("calf", "muscle"): "achilles",
    ("knee", "cartilage"): "patellofemoral",
    ("foot", "fascia"): RUNNING_PROXY,
}
"""Proxy of the units that every runner has; other units take that of the injury they are known
from."""


def injury_units(record: RunnerRecord, injuries: Mapping[str, Injury]) -> tuple[Unit, ...]:
    """Return the units of the runner's active injuries, in the order of the record.

    Injuries that the workspace does not know have no unit (A12).
    """
    units: dict[Unit, None] = {}
    for entry in record.profile.injuries:
        known = injuries.get(entry.injury)
        if known is None or entry.status != "active":
            continue
        sides = ("left", "right") if entry.side == "both" else (entry.side,)
        for side in sides:
            units[Unit(entry.site or known.site, known.tissue, side)] = None
    return tuple(units)


def runner_units(
    record: RunnerRecord, injuries: Mapping[str, Injury]
) -> tuple[tuple[Unit, ...], tuple[bool, ...]]:
    """Return the units at risk in a runner and which of them are injured.

    Units of active injuries come first, then those of ``DEFAULT_UNITS`` that are not among them.

    Parameters
    ----------
    record : RunnerRecord
    injuries : mapping of str to Injury
        ``Params.injuries``.
    """
    injured = injury_units(record, injuries)
    others = tuple(unit for unit in DEFAULT_UNITS if unit not in injured)
    return (*injured, *others), (*(True for _ in injured), *(False for _ in others))


def unit_proxies(
    units: Sequence[Unit], injuries: Mapping[str, Injury], names: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the load proxy of each unit.

    Parameters
    ----------
    units : sequence of Unit
    injuries : mapping of str to Injury
        ``Params.injuries``.
    names : sequence of str
        Injuries of the runner: where two injuries of one unit have different proxies, these
        decide.

    Returns
    -------
    tuple of str
        Of ``anatomy.LOAD_PROXIES``. A unit that no injury is known of counts running as such.
    """
    own = [injuries[name] for name in names if name in injuries]

    def proxy(unit: Unit) -> str:
        key = (unit.site, unit.tissue)
        for injury in own:
            if (injury.site, injury.tissue) == key:
                return injury.proxy
        if key in SITE_PROXIES:
            return SITE_PROXIES[key]
        known = (i.proxy for i in injuries.values() if (i.site, i.tissue) == key)
        return next(known, RUNNING_PROXY)

    return tuple(proxy(unit) for unit in units)

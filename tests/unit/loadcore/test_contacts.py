"""The dispatcher sends each site to its own detector with what that detector needs."""

import numpy as np
import pytest

from loadcore import contacts as dispatcher
from loadcore.constants import SITES, STANDARD_GRAVITY_MPS2, TRUNK_SITES
from loadcore.contact_times import Contacts, no_contacts
from loadcore.contacts import ContactModels, find_contacts
from loadcore.signals import SignalError


@pytest.mark.parametrize("site", SITES)
def test_each_site_reaches_its_detector(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, tuple[object, ...]]] = []

    def spy(name: str):  # type: ignore[no-untyped-def]
        def detector(*arguments: object, **_: object) -> Contacts:
            seen.append((name, arguments[2:]))
            return no_contacts()

        return detector

    for name in ("shank", "foot", "trunk"):
        monkeypatch.setattr(dispatcher, f"{name}_contacts", spy(name))
    models = ContactModels(foot=np.array([1.0, 2.0]))
    find_contacts(np.zeros((900, 3)), None, 100.0, site, "right", 200, 700, models)
    [(name, arguments)] = seen
    assert name == ("trunk" if site in TRUNK_SITES else site)
    assert arguments[:3] == (100.0, 200, 700)
    assert arguments[3:-1] == (() if site in TRUNK_SITES else (2,))
    assert arguments[-1] is {"foot": models.foot, "shank": models.shank}.get(name, models.trunk)


@pytest.mark.parametrize("site", SITES)
def test_standing_still_has_no_contacts_at_any_site(site: str) -> None:
    still = np.tile([0.0, STANDARD_GRAVITY_MPS2, 0.0], (600, 1))
    assert len(find_contacts(still, np.zeros((600, 3)), 100.0, site, "left", 0, 600)) == 0


@pytest.mark.parametrize(("site", "side"), [("wrist", "left"), ("shank", "both")])
def test_unknown_site_or_side_is_an_error(site: str, side: str) -> None:
    with pytest.raises(SignalError, match="expected one of shank, foot"):
        find_contacts(np.zeros((9, 3)), None, 100.0, site, side, 0, 9)

from typing import get_args

import pytest

from loadcore.constants import SIDES, TISSUES
from tolerance.anatomy import (
    BODY_SIDES,
    BODY_SITES,
    DEFAULT_UNITS,
    LOAD_PROXIES,
    MODEL_TISSUES,
    Unit,
)
from tolerance.config import Injury, TissueExponents


def test_every_runner_has_one_unit_of_each_tissue_a_side():
    assert sorted((unit.tissue, unit.side) for unit in DEFAULT_UNITS) == sorted(
        (tissue, side) for tissue in MODEL_TISSUES for side in BODY_SIDES
    )


def test_words_agree_with_the_load_core():
    assert set(BODY_SIDES) < set(SIDES)
    assert set(TISSUES) < set(LOAD_PROXIES)


def test_unknown_words_are_all_named_at_once():
    with pytest.raises(ValueError, match=r"site: received 'toe'.*tissue.*'skin'.*side.*'both'"):
        Unit("toe", "skin", "both")


def test_settings_know_the_same_words():
    words = {name: get_args(field.annotation) for name, field in Injury.model_fields.items()}
    assert words["site"] == BODY_SITES
    assert words["tissue"] == MODEL_TISSUES == tuple(TissueExponents.model_fields)
    assert words["proxy"] == LOAD_PROXIES

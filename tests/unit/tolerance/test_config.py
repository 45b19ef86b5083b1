import numpy as np
import pytest
from pydantic import ValidationError

from tolerance.config import Params, stage_generator


def test_a_stream_follows_from_its_names_alone():
    alone = stage_generator(7, "simulate_recordings").random(4)
    for other in ("aggregate_sessions", "validate_load"):
        stage_generator(7, other).random(100)
    np.testing.assert_array_equal(stage_generator(7, "simulate_recordings").random(4), alone)


def test_streams_of_other_stages_items_and_seeds_differ():
    draws = {
        stage_generator(seed, stage, item).integers(2**63)
        for seed in (7, 8)
        for stage in ("a", "ab")
        for item in ("", "b", "bc")
    }
    assert len(draws) == 12


def test_joining_stage_and_item_differently_gives_another_stream():
    assert stage_generator(7, "ab", "c").integers(2**63) != stage_generator(7, "a", "bc").integers(
        2**63
    )


def test_a_stage_without_a_name_is_refused():
    with pytest.raises(ValueError, match="empty name"):
        stage_generator(7, "")


def test_settings_cannot_be_changed_after_reading():
    params = Params.model_construct(seed=1)
    with pytest.raises(ValidationError, match="frozen"):
        params.seed = 2


def test_no_setting_has_a_default():
    def defaults(model, where):
        for name, field in model.model_fields.items():
            if not field.is_required():
                yield f"{where}.{name}"
            if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                yield from defaults(field.annotation, f"{where}.{name}")

    assert list(defaults(Params, "params")) == []

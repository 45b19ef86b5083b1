from pathlib import Path

import pytest

from pipelines.model_card import CARD, card_of

ROOT = Path(__file__).resolve().parents[3]


def test_the_card_in_git_is_what_the_metrics_say():
    card = ROOT / "models" / "tolerance" / CARD
    if not card.is_file():
        pytest.skip("the card is not written yet: run `python -m pipelines.model_card`")
    assert card.read_text(encoding="utf-8") == card_of(ROOT), (
        "stale: run `python -m pipelines.model_card`"
    )

"""Write ``models/tolerance/MODEL_CARD.md`` from the metrics files."""

from pathlib import Path
from typing import Final

from pipelines.params import load_params
from pipelines.paths import Places, project_root
from pipelines.stage import run_stage
from pipelines.store import read_json, write_text
from tolerance.model.card import model_card

__all__ = ["CARD", "card_of", "main"]

CARD: Final = "MODEL_CARD.md"


def card_of(root: Path) -> str:
    """Return the card that the metrics in this project give."""
    places = Places(root)
    fit, checks = (
        read_json(place) if place.is_file() else {}
        for place in (places.metrics("tolerance"), places.metrics("checks_tolerance"))
    )
    return model_card(fit, checks, load_params(places.params).tolerance_priors)


def main() -> None:
    """Write the card."""
    places = Places(project_root())
    write_text(places.model("tolerance") / CARD, card_of(places.root))


if __name__ == "__main__":
    run_stage(main)

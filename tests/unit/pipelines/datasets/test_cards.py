import json

import pytest

from pipelines.datasets.cards import BEGIN, END, card_path, render_facts, render_sheet, with_facts
from pipelines.datasets.registry import FOLDER, dataset_ids, load_dataset

ALL = dataset_ids()


@pytest.mark.parametrize("dataset_id", ALL)
class TestEveryDataset:
    def test_names_agree(self, dataset_id: str) -> None:
        dataset = load_dataset(dataset_id)
        assert dataset.card.id == dataset.files.dataset_id == dataset_id
        assert dataset.card.module == dataset.files.module
        assert load_dataset(dataset.card.module).card == dataset.card

    def test_has_exactly_one_kind_of_reader(self, dataset_id: str) -> None:
        dataset = load_dataset(dataset_id)
        readers = (dataset.read_recordings, dataset.read_published, dataset.read_daily)
        assert sum(reader is not None for reader in readers) == 1

    def test_card_states_the_module_s_facts(self, dataset_id: str) -> None:
        dataset = load_dataset(dataset_id)
        text = card_path(dataset).read_text(encoding="utf-8")
        assert render_facts(dataset) in text, "run python -m pipelines.datasets.cards"

    def test_card_has_prose(self, dataset_id: str) -> None:
        text = card_path(load_dataset(dataset_id)).read_text(encoding="utf-8")
        prose = text.split(END)[1]
        for heading in ("## What it is", "## What it cannot tell", "## How it is read"):
            assert heading in prose

    def test_files_are_listed_once_and_addresses_are_pinned(self, dataset_id: str) -> None:
        files = load_dataset(dataset_id).files.files
        paths = [file.path for file in files]
        assert len(set(paths)) == len(paths)
        for file in files:
            if file.url is not None:
                assert file.url.startswith("https://")
                commit = file.url.split("/")[5]
                assert len(commit) == 40, "an address names a commit, not a branch"

    def test_licence_not_stated_needs_acceptance(self, dataset_id: str) -> None:
        card = load_dataset(dataset_id).card
        assert card.needs_acceptance == (card.licence_kind in {"non_commercial", "not_stated"})
        assert card.ethics


def test_sheet_lists_every_dataset() -> None:
    sheet = render_sheet([load_dataset(dataset_id) for dataset_id in ALL])
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == sheet
    for dataset_id in ALL:
        assert f"[{dataset_id}](" in sheet


def test_sheet_has_the_facts_of_every_dataset_and_calls_virtual_sensors_so() -> None:
    rows = {
        line.split("](")[0].removeprefix("| ["): line
        for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| [")
    }
    for dataset_id in ALL:
        card = load_dataset(dataset_id).card
        facts = (card.age, card.sex, card.speed, card.foot_strike, card.licence, card.ethics)
        assert all(fact and fact in rows[dataset_id] for fact in facts)
        assert f"| {card.n_runners} | {card.n_recordings} |" in rows[dataset_id]
    assert "| virtual shank 150 Hz |" in rows["rbds_fukuchi2017"]


def test_unknown_dataset_lists_the_known() -> None:
    with pytest.raises(KeyError, match=r"unknown dataset .gdlbio.; known: .*gdlbio_foot"):
        load_dataset("gdlbio")


def test_facts_replace_only_their_part() -> None:
    text = f"before\n{BEGIN}old{END}\nafter"
    assert with_facts(text, f"{BEGIN}new{END}") == f"before\n{BEGIN}new{END}\nafter"
    assert with_facts("prose\n", f"{BEGIN}new{END}") == f"{BEGIN}new{END}\n\nprose\n"


def test_file_lists_are_sorted_keys_of_one_folder() -> None:
    for path in FOLDER.glob("*.files.json"):
        head = json.loads(path.read_text(encoding="utf-8"))
        assert path.name == f"{head['module']}.files.json"

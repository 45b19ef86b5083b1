import numpy as np

from loadcore.constants import SIDE_LEFT
from loadcore.contact_times import Contacts, join_contacts, no_contacts, select_contacts


def table(*initial_s: float) -> Contacts:
    n = len(initial_s)
    start_s = np.array(initial_s)
    return Contacts(
        initial_contact_s=start_s,
        terminal_contact_s=start_s + 0.2,
        initial_contact_sd_s=np.full(n, 0.01),
        terminal_contact_sd_s=np.full(n, 0.02),
        side=np.full(n, SIDE_LEFT, dtype=np.int8),
        confidence=np.linspace(0.0, 1.0, n),
    )


def test_joining_nothing_gives_a_table_without_rows() -> None:
    for empty in (no_contacts(), join_contacts([]), join_contacts([no_contacts()])):
        assert len(empty) == 0
        assert empty.side.dtype == np.int8


def test_joining_keeps_the_order_of_parts_and_all_columns() -> None:
    joined = join_contacts([table(1.0, 2.0), no_contacts(), table(0.5)])
    assert joined.initial_contact_s.tolist() == [1.0, 2.0, 0.5]
    assert joined.terminal_contact_s.tolist() == [1.2, 2.2, 0.7]
    assert joined.side.dtype == np.int8
    assert joined.confidence.tolist() == [0.0, 1.0, 0.0]


def test_selecting_takes_the_same_rows_of_every_column() -> None:
    picked = select_contacts(table(1.0, 2.0, 3.0), np.array([True, False, True]))
    assert picked.initial_contact_s.tolist() == [1.0, 3.0]
    assert picked.confidence.tolist() == [0.0, 1.0]

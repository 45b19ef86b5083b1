import numpy as np

from loadcore.constants import SIDE_LEFT
from loadcore.contact_times import (
    Contacts,
    join_contacts,
    no_contacts,
    select_contacts,
    widen_contacts,
)


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


def test_a_low_rate_a_guessed_mounting_and_a_clipped_sample_widen_the_errors() -> None:
    known, rate_hz = table(1.0, 2.0), 500.0
    clean = np.zeros(1500, dtype=np.bool_)
    plain = widen_contacts(known, rate_hz, clean, 1.0)
    np.testing.assert_array_equal(plain.initial_contact_s, known.initial_contact_s)
    np.testing.assert_allclose(plain.initial_contact_sd_s, 0.01, rtol=0.01)

    slow = widen_contacts(known, 50.0, clean, 1.0)
    np.testing.assert_allclose(slow.initial_contact_sd_s, np.hypot(0.01, 0.01))
    guessed = widen_contacts(known, rate_hz, clean, 0.0)
    assert (guessed.terminal_contact_sd_s > plain.terminal_contact_sd_s).all()
    not_needed = widen_contacts(known, rate_hz, clean, np.nan)
    np.testing.assert_array_equal(not_needed.initial_contact_sd_s, plain.initial_contact_sd_s)

    clean[505] = True  # 10 ms after the first landing, 190 ms before its end
    clipped = widen_contacts(known, rate_hz, clean, 1.0)
    assert clipped.initial_contact_sd_s[0] > plain.initial_contact_sd_s[0]
    assert clipped.initial_contact_sd_s[1] == plain.initial_contact_sd_s[1]
    np.testing.assert_array_equal(clipped.terminal_contact_sd_s, plain.terminal_contact_sd_s)


def test_an_event_that_was_not_found_stays_not_found_when_widened() -> None:
    widened = widen_contacts(table(np.nan), 100.0, np.ones(10, dtype=np.bool_), 0.5)
    assert np.isnan(widened.initial_contact_s).all()
    assert np.isfinite(widened.initial_contact_sd_s).all()

"""Page fragments: escaped, labelled, and never an empty cell."""

import pytest

from tolerance import pages

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.mark.parametrize(
    "fragment",
    [
        pages.heading(HOSTILE, HOSTILE),
        pages.paragraph(HOSTILE),
        pages.callout(HOSTILE, [HOSTILE]),
        pages.key_figures([(HOSTILE, HOSTILE, HOSTILE)]),
        pages.table(HOSTILE, [HOSTILE, "b"], [[HOSTILE, HOSTILE]]),
    ],
)
def test_every_text_is_escaped(fragment):
    assert "<img" not in fragment.html
    assert "&lt;img" in fragment.html
    assert 'onerror="' not in fragment.html


def test_an_unobserved_cell_says_so():
    html = pages.table("c", ["site", "force (BW)"], [["left shank", ""]]).html
    assert "<td>not measured</td>" in html


def test_a_row_of_the_wrong_length_is_an_error():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        pages.table("c", ["a", "b"], [["1", "2", "3"]])

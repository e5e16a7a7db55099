"""Small pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import example, given
from hypothesis import strategies as st

from kembar_gateway.pictures import HEIGHT, WIDTH, Column, draw_columns


def draw(columns: list[Column]) -> ET.Element:
    return ET.fromstring(draw_columns(columns, key="k", title="t", description="d"))


def shapes(svg: ET.Element, kind: str) -> list[ET.Element]:
    return [each for each in svg.iter() if each.get("class") == kind]


def test_a_state_is_a_hollow_mark_and_never_a_column():
    svg = draw([Column("2022", 5.0), Column("2023", None), Column("2024", None, is_missing=True)])

    assert len(shapes(svg, "real")) == 1
    assert shapes(svg, "state")[0].get("fill") == "url(#k-h)"
    assert shapes(svg, "missing")[0].get("fill") == "none"


def test_columns_are_in_proportion_and_targets_stand_at_their_height():
    svg = draw([Column("a", 10.0), Column("b", 20.0, target=40.0)])

    low, high = (float(column.get("height")) for column in shapes(svg, "real"))
    assert high / low == 2
    assert float(shapes(svg, "target")[0].get("y1")) == 18.0


def test_what_stands_in_looks_different():
    svg = draw([Column("2016", 40.0, is_real=False)])

    assert (len(shapes(svg, "real")), len(shapes(svg, "stand-in"))) == (0, 1)


def test_words_cannot_become_markup():
    drawn = draw_columns(
        [Column("<script>", 1.0, text='"&')], key='k"', title="<b>", description="</svg>"
    )

    svg = ET.fromstring(drawn)
    assert svg.findtext(".//{*}title") == "<b>"
    assert "<script" not in drawn


@example([Column("2022", 5e-324)])
@given(
    st.lists(
        st.builds(
            Column,
            label=st.text(st.characters(categories=["L", "N"]), max_size=6),
            value=st.none() | st.floats(0, 1e12),
            target=st.none() | st.floats(0, 1e12),
            is_missing=st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_everything_stays_inside_the_picture(columns):
    svg = draw(columns)

    for box in svg.iter("rect"):
        x, y, width, height = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + width <= WIDTH + 0.1
        assert 0 <= y <= y + height <= HEIGHT
    assert len(svg.findall(".//{*}rect")) == len(columns)

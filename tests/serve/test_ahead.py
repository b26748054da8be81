"""Each page names the scripts that it needs, and no others."""

from __future__ import annotations

import re

import pytest

from explorer.serve.ahead import COMPONENTS, PLOTLY, VIEW, links, modules


@pytest.mark.parametrize("component", sorted(set(COMPONENTS.values())))
def test_the_scripts_of_a_page_are_those_that_its_component_reaches(component):
    names = modules(component)
    assert f"{component}/{component}.js" in names
    reached = set()
    for name in names:
        text = (VIEW / name).read_text(encoding="utf-8")
        for other in re.findall(r"""\bfrom\s+['"]([^'"]+)['"]""", text):
            reached.add(((VIEW / name).parent / other).resolve().relative_to(VIEW).as_posix())
    assert reached | {f"{component}/{component}.js"} == set(names)


def test_plotly_is_fetched_ahead_where_a_map_is_drawn():
    for component in set(COMPONENTS.values()):
        assert ("plotly.min.js" in links("explorer", component)) == (PLOTLY in modules(component))
    assert "plotly.min.js" in links("explorer", "plane")


def test_the_scripts_of_another_page_are_left_out():
    assert not [name for name in modules("plane") if name.split("/")[0] not in ("js", "plane")]

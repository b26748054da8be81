"""Everything that can be used has a name for those who do not see it, and is reached by Tab."""

from __future__ import annotations

import pytest

from tests.app.conftest import visitor

ROLES = {
    *("button", "link", "textbox", "searchbox", "spinbutton", "slider", "checkbox", "switch"),
    *("radio", "combobox", "listbox", "option", "tab", "img", "image", "application", "meter"),
}
VIEWS = [
    "",
    "?model=mnist-cvae-20&row=3&trust=density",
    "generate?model=mnist-cvae-20&task=samples&picked=prior-2",
    "generate?model=mnist-cvae-2d&task=manifold",
    "generate?model=mnist-cvae-20&task=classes",
    "paths?model=mnist-vae-2d&plus=class:7&minus=class:1&stroke=0_0_1_1",
    "dimensions?model=mnist-cvae-20&moved=2:1.5&table=7&posterior=1",
    "compare?panels=mnist-vae-2d,mnist-vq-vae",
    "compare?compare=ladder&among=holes",
    "compare?compare=factors&among=sprites-beta",
]


def unnamed(page) -> list[str]:
    """The roles of what a screen reader meets without a name."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in nodes:
        role = node.get("role", {}).get("value")
        named = node.get("name", {}).get("value", "").strip()
        if not node.get("ignored") and role in ROLES and not named:
            id_ = node.get("backendDOMNodeId")
            html = session.send("DOM.getOuterHTML", {"backendNodeId": id_})["outerHTML"]
            if "js-plotly-tester" not in html:  # where Plotly measures its texts, out of sight
                found.append(f"{role}: {html[:200]}")
    return found


def unreachable(page) -> list[str]:
    """What can be clicked in a component but never has the focus."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.lx :is(button, a[href], input, select, textarea)')]
            .filter(one => one.offsetParent && !one.disabled && one.tabIndex < 0
                && !one.closest('[role=radiogroup], [role=listbox], [role=grid], [role=tablist]'))
            .map(one => one.outerHTML.slice(0, 200))"""
    )


@pytest.mark.parametrize("view", VIEWS)
def test_whatever_can_be_used_has_a_name_and_is_reached_by_the_keyboard(browser, address, view):
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/{view}")
        person.page.locator(".lx[data-ready=true]").first.wait_for(timeout=60_000)
        person.page.wait_for_timeout(500)
        assert unnamed(person.page) == []
        assert unreachable(person.page) == []

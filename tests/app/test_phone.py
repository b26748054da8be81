"""The map page on a phone, held upright."""

from __future__ import annotations

import pytest

from tests.app.conftest import visitor

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("query", ["", "?model=mnist-cvae-2d", "?model=mnist-vae-20"])
def test_a_phone_shows_the_map_the_image_and_how_far_to_trust_it_at_once(browser, address, query):
    with visitor(browser, address, **PHONE) as person:
        person.open(query)
        map_ = person.part("plot").bounding_box()
        person.page.touchscreen.tap(map_["x"] + 200, map_["y"] + 120)
        person.page.wait_for_function("() => !/row=0(&|$)/.test(location.search)")
        person.settled()
        for name in ("plot", "decoded", "trust"):
            box = person.part(name).bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 844
        small = person.page.evaluate(
            "() => [...document.querySelectorAll('.lx-plane :is(button, a, input)')]"
            ".filter(one => one.offsetParent && one.getBoundingClientRect().height < 40)"
            ".map(one => one.outerHTML)"
        )
        assert small == []

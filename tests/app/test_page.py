"""How the plane comes to a page and leaves it."""

import contextlib
import re
import urllib.request

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from explorer.latent.atlas import load_for
from explorer.store import open_artefact
from tests.app.conftest import MapPage, visitor
from tests.app.test_map import empty_place


def test_the_page_names_its_scripts_ahead_and_fetches_each_once(browser, address):
    with urllib.request.urlopen(address) as answer:
        links = re.findall(r"<([^>]+)>; rel=", answer.headers["Link"])
    assert {"explorer/plotly/plotly.min.js", "explorer/assets/plane/plane.js"} < set(links)
    asked = []
    with visitor(browser, address) as person:
        person.page.on("request", lambda request: asked.append(request.url))
        person.open()
    ours = [url.removeprefix(f"{address}/").partition("?")[0] for url in asked]
    scripts = sorted(path for path in ours if path.endswith(".js") and path.startswith("explorer/"))
    assert scripts == sorted(links)
    with urllib.request.urlopen(f"{address}/explorer/assets/plane/plane.js") as answer:
        assert answer.headers["Link"] is None


def test_a_plane_that_the_page_takes_away_leaves_nothing_running(map_page: MapPage):
    """A second plane in the same page, made and taken away as Streamlit does it."""
    map_page.open()
    sockets = []
    map_page.page.on("websocket", lambda socket: sockets.append(socket))
    overtaken = map_page.page.evaluate(
        """async () => {
            const { default: plane } = await import('./explorer/assets/plane/plane.js')
            const box = document.createElement('div'), first = document.querySelector('.lx-plane')
            box.innerHTML = first.outerHTML
            box.firstChild.dataset.ready = 'false'
            const plot = box.querySelector('[data-part=plot]')
            plot.outerHTML = '<div class=lx-plot data-part=plot></div>'
            document.body.append(box)
            const data = {
                model: 'mnist-vae-2d', dataset: 'mnist-5k', count: 5000, projection: 'raw', row: 3,
                place: null, label: null, polygon: null, trust: null, layer: 'points',
                colour: 'label', classes: '', groupName: '', neighbours: 5, metric: 'euclidean',
                hover: true, pictures: true, encoderNote: '', decoderNote: '',
            }
            const component = { parentElement: box, data, setTriggerValue() {} }
            window.second = { box, away: [plane(component), plane(component)] }
            window.second.away[0]()          // an update that the next one overtook
            return box.firstChild.dataset.ready
        }"""
    )
    assert overtaken == "false"
    expect(map_page.page.locator(".lx-plane[data-ready=true]")).to_have_count(2)
    assert [one.is_closed() for one in sockets] == [False]
    map_page.page.evaluate("second.box.remove(); second.away[1]()")
    map_page.page.wait_for_function("!second.box.querySelector('.js-plotly-plot .main-svg')")
    with contextlib.suppress(PlaywrightTimeout):
        sockets[0].wait_for_event("close", timeout=3000)
    assert sockets[0].is_closed()
    place = empty_place(load_for(open_artefact("mnist-vae-2d")))
    map_page.hover(*place)
    map_page.wait_for_latent(list(place))
    assert len(sockets) == 1  # and none is opened again

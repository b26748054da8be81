"""Names the scripts of a page's component in the answer that brings the page.

They lie behind a chain: Streamlit's own scripts, a run of the page, the component's loader, its
imports. A browser that is told of them at once (HTTP `Link` headers) has them when it gets there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

VIEW = Path(__file__).resolve().parent.parent / "view"
# The component of each page, by the page's path; one that has several is not known beforehand.
COMPONENTS = {"": "plane", "dimensions": "sliders", "paths": "paths"}
IMPORT = re.compile(r"from '(\.\.?/[^']+)'")
# What loads Plotly when it is needed.
PLOTLY = "js/plotly.js"


def modules(component: str) -> list[str]:
    """The scripts of a component, below `explorer/view`: its own and all that they import."""
    found: set[Path] = set()
    wanted = [VIEW / component / f"{component}.js"]
    while wanted:
        file = wanted.pop().resolve()
        if file in found or not file.is_file():
            continue
        found.add(file)
        wanted += [file.parent / name for name in IMPORT.findall(file.read_text(encoding="utf-8"))]
    return sorted(file.relative_to(VIEW).as_posix() for file in found)


@lru_cache
def links(prefix: str, component: str) -> str:
    """The value of a `Link` header; addresses are relative to the page's own."""
    names = modules(component)
    preloads = [f"<{prefix}/assets/{name}>; rel=modulepreload" for name in names]
    if PLOTLY in names:
        preloads.insert(0, f"<{prefix}/plotly/plotly.min.js>; rel=preload; as=script")
    return ", ".join(preloads)


class FetchAhead:
    """ASGI middleware that adds the links to every HTML page that has a component, and leaves all
    else as it is."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix.strip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        component = COMPONENTS.get(scope.get("path", "").strip("/"))
        if scope["type"] != "http" or component is None:
            await self._app(scope, receive, send)
            return

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                kind = dict(headers).get(b"content-type", b"")
                if message["status"] == 200 and kind.startswith(b"text/html"):
                    link = links(self._prefix, component).encode()
                    message["headers"] = [*headers, (b"link", link)]
            await send(message)

        await self._app(scope, receive, with_links)

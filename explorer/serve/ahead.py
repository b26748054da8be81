"""Names the plane's scripts in the answer that brings the page.

They lie behind a chain: Streamlit's own scripts, a run of the page, the plane's loader, its
imports. A browser that is told of them at once (HTTP `Link` headers) has them when it gets there.
"""

from __future__ import annotations

from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

VIEW = Path(__file__).resolve().parent.parent / "view"


def links(prefix: str) -> str:
    """The value of a `Link` header; addresses are relative to the page's own."""
    modules = sorted(path.relative_to(VIEW).as_posix() for path in VIEW.glob("*/*.js"))
    preloads = [f"<{prefix}/assets/{module}>; rel=modulepreload" for module in modules]
    return ", ".join([f"<{prefix}/plotly/plotly.min.js>; rel=preload; as=script", *preloads])


class FetchAhead:
    """ASGI middleware that adds the links to every HTML page, and leaves all else as it is."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._header = (b"link", links(prefix.strip("/")).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                kind = dict(headers).get(b"content-type", b"")
                if message["status"] == 200 and kind.startswith(b"text/html"):
                    message["headers"] = [*headers, self._header]
            await send(message)

        await self._app(scope, receive, with_links)

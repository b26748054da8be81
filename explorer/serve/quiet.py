"""When the server is asked for something, so that what can wait does not slow down people."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class Activity:
    """Notes requests; `clock` tells seconds. `visited` is set when the first plane is there and
    opens its decode channel."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self.visited = threading.Event()

    def note(self) -> None:
        self._last = self._clock()

    @property
    def quiet_seconds(self) -> float:
        """How long nobody has asked for anything."""
        return self._clock() - self._last


activity = Activity()


class Noticing:
    """ASGI middleware that notes each request and each message of a socket: decodes, routes, and
    what people do on pages."""

    def __init__(self, app: Any, noted: Activity = activity) -> None:
        self._app, self._noted = app, noted

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def heard() -> Any:
            message = await receive()
            self._noted.note()
            return message

        self._noted.note()
        await self._app(scope, heard, send)

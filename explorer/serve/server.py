"""Faults of the server that decide how fast a pointer is answered, mended at start-up.

1. asyncio sets TCP_NODELAY only on sockets opened with proto=IPPROTO_TCP; Streamlit's listening
   socket has proto=0, so each burst of small messages waits 40 ms for an acknowledgement.
2. Streamlit collects garbage after each script run, 0.1-0.2 s with torch loaded, holding the
   interpreter lock. `.streamlit/config.toml` turns that off; should the option ever go away, what
   is alive now is frozen out of the collector instead.
3. Until `st.navigation` was called once, Streamlit takes the folder `pages` for pages of its own:
   the first visitor of a fresh server would get a page without its frame.
4. A thread that comes back from torch waits up to 5 ms for a page's script to hand over the
   interpreter, and a decode comes back a dozen times.
"""

from __future__ import annotations

import asyncio.base_events
import gc
import logging
import socket
import sys

log = logging.getLogger(__name__)


# Seconds for which a thread may keep the interpreter from others.
TURN = 0.001


def take_short_turns() -> None:
    """Let decodes and the scripts of pages take turns that a person does not feel."""
    sys.setswitchinterval(TURN)


def set_nodelay(sock: socket.socket) -> None:
    """Send small messages at once, on any TCP socket."""
    if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def send_at_once() -> bool:
    """Put `set_nodelay` in asyncio's place before the server accepts; True when it is in force."""
    if not hasattr(asyncio.base_events, "_set_nodelay"):
        log.warning("asyncio has no _set_nodelay here: answers may wait 40 ms")
        return False
    asyncio.base_events._set_nodelay = set_nodelay
    return True


def collect_no_garbage_after_runs() -> bool:
    """Make sure that no run of a script ends in a full collection; True when the option is off."""
    from streamlit import config

    try:
        if config.get_option("runner.postScriptGC"):
            config.set_option("runner.postScriptGC", False)
        return True
    except (RuntimeError, KeyError):
        gc.freeze()
        log.warning("streamlit has no runner.postScriptGC here: froze the collector instead")
        return False


def navigate_by_ourselves() -> bool:
    """Let `navigation.py` alone say which pages there are; True when Streamlit knows the switch."""
    from streamlit.runtime.pages_manager import PagesManager

    known = hasattr(PagesManager, "uses_pages_directory")
    PagesManager.uses_pages_directory = False
    return known

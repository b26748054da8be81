"""The app with one more route, `/probe`, that tells how the running server is set."""

import gc
import os
import sys
from asyncio.selector_events import _SelectorSocketTransport
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY

import psutil
import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit import config

from explorer.serve.routes import middleware, routes
from explorer.serve.warm import lifespan


async def probe(request: Request) -> JSONResponse:
    """The options of the very connection that asks, the collector's, and memory in bytes."""
    transports = (one for one in gc.get_objects() if type(one) is _SelectorSocketTransport)
    client = tuple(request.client or ())
    nodelay = [
        one.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_NODELAY)
        for one in transports
        if one.get_extra_info("peername") == client
    ]
    collects = config.get_option("runner.postScriptGC")
    rss = psutil.Process(os.getpid()).memory_info().rss
    turn = sys.getswitchinterval()
    return JSONResponse({"nodelay": nodelay, "collects": collects, "turn": turn, "rss": rss})


script = Path(__file__).resolve().parents[2] / "navigation.py"
app = st.App(
    script,
    routes=[*routes(), Route("/probe", probe)],
    lifespan=lifespan,
    middleware=middleware(),
)

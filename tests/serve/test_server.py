"""Both faults of the server are mended, and the mending is in force."""

import asyncio
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from explorer.serve.server import navigate_by_ourselves, send_at_once

ROOT = Path(__file__).resolve().parents[2]


def test_an_accepted_connection_sends_at_once_although_its_socket_names_no_protocol():
    assert send_at_once()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)  # proto=0, as Streamlit's is
    listening.bind(("127.0.0.1", 0))

    async def accepted_option() -> int:
        option = asyncio.get_running_loop().create_future()

        def on_connect(reader, writer):
            accepted = writer.get_extra_info("socket")
            option.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        server = await asyncio.start_server(on_connect, sock=listening)
        async with server:
            _, writer = await asyncio.open_connection(*listening.getsockname())
            value = await option
            writer.close()
        return value

    with ThreadPoolExecutor(1) as thread:  # the main thread may run a browser's event loop
        assert thread.submit(asyncio.run, accepted_option()).result() != 0


def test_the_app_turns_off_the_collection_after_each_run_and_imports_nothing_heavy():
    script = """
import sys
from streamlit import config
from streamlit.web import bootstrap
bootstrap.load_config_options({})
import app
from explorer.serve import server
import asyncio.base_events
assert config.get_option("runner.postScriptGC") is False, "collection is on"
assert server.collect_no_garbage_after_runs() is True
assert asyncio.base_events._set_nodelay is server.set_nodelay
heavy = {"torch", "umap", "numba", "sklearn", "openTSNE"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_option_is_turned_off_also_where_no_config_file_says_so():
    script = """
from streamlit import config
config.set_option("runner.postScriptGC", True)
from explorer.serve.server import collect_no_garbage_after_runs
assert collect_no_garbage_after_runs() is True
assert config.get_option("runner.postScriptGC") is False
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_folder_of_pages_is_not_taken_for_pages_of_streamlits_own(monkeypatch):
    from streamlit.runtime.pages_manager import PagesManager

    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    assert navigate_by_ourselves()
    PagesManager(str(ROOT / "navigation.py"))
    assert PagesManager.uses_pages_directory is False

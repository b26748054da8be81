"""The real server over real sockets: both faults mended, everyone answered, whoever else calls."""

import asyncio
import json
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import websockets

from benchmarks import classroom
from explorer.serve import decode as channel
from explorer.serve import server
from tests.app.conftest import running_app
from tests.serve.test_decode import parse

MB = 2**20
HEAVY = json.dumps({"seq": 1, "kind": "latent", "model": "mnist-pca-2", "z": [[0.5, 1]] * 256})
# Of 200 KB each: far more than two sockets can hold between them.
ANSWERS = 200


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `streamlit run` on the app with a probe; a trace in its log fails the test."""
    home = tmp_path_factory.mktemp("live") / "home"
    with running_app(home, "tests/serve/probe_app.py") as address:
        yield address


def probe(address: str) -> dict:
    with urllib.request.urlopen(f"{address}/probe", timeout=10) as answer:
        return json.load(answer)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: the main one may run a browser's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def socket(address: str, **options: Any) -> websockets.connect:
    url = address.replace("http", "ws", 1) + "/explorer/decode"
    return websockets.connect(url, max_size=None, **options)


async def lesson(address: str, *others: Coroutine[Any, Any, Any]) -> list[classroom.User]:
    """Three honest users drag for two seconds, while others do what they do."""
    users, url = classroom.people(3, 20, seed=5), address.replace("http", "ws", 1)
    await asyncio.gather(classroom.drag_all(url, users), *others)
    return users


def assert_all_answered_rightly(users: list[classroom.User]) -> None:
    assert [len(user.times) for user in users] == [20] * 3
    assert [user.errors for user in users] == [[]] * 3
    assert [(user.wrong, user.crossed) for user in users] == [(0, 0)] * 3


def test_the_running_server_sends_at_once_takes_short_turns_and_collects_no_garbage(live):
    asked = probe(live)
    assert len(asked["nodelay"]) == 1
    assert asked["nodelay"][0] != 0
    assert asked["collects"] is False
    assert asked["turn"] == pytest.approx(server.TURN)


def test_users_who_drag_at_once_each_get_their_own_images(live):
    assert_all_answered_rightly(run(lesson(live)))


def test_the_check_of_a_lesson_sees_a_wrong_and_a_crossed_answer():
    mine, other = classroom.people(2, 1, seed=5)
    frame = channel.reply(mine.request(0)[1])
    mine.check(frame, mine.request(0)[0], 0)
    assert (mine.wrong, mine.crossed, mine.errors) == (0, 0, [])
    other.check(frame, other.request(0)[0], 0)
    other.check(frame, mine.request(0)[0], 0)
    other.check(channel.refusal(3, "No."), 3, 0)
    assert (other.wrong, other.crossed, other.errors) == (1, 1, ["No."])


def test_a_client_that_never_reads_costs_little_memory_and_nobody_an_answer(live):
    async def beside_the_deaf() -> tuple[list[classroom.User], int]:
        async def ask_on() -> None:
            for _ in range(ANSWERS):
                await deaf.send(HEAVY)

        async with socket(live, max_queue=1, close_timeout=0.1) as deaf:
            asking = asyncio.create_task(ask_on())
            users = await lesson(live)
            held = (await asyncio.to_thread(probe, live))["rss"]
            asking.cancel()
            deaf.transport.abort()
        return users, held

    run(lesson(live))  # whatever is kept once is kept
    before = probe(live)["rss"]
    users, held = run(beside_the_deaf())
    assert_all_answered_rightly(users)
    assert held - before < ANSWERS * len(channel.reply(HEAVY)) / 2


def test_clients_that_vanish_and_clients_that_talk_nonsense_disturb_nobody(live):
    async def vanish() -> None:
        for _ in range(20):
            async with socket(live, close_timeout=0.1) as gone:
                await gone.send(HEAVY)
                gone.transport.abort()

    async def nonsense() -> None:
        async with socket(live) as noisy:
            for garbage in ("", "[" * 100_000, b"\xff\xfe", "NaN", "9" * 10_000) * 10:
                await noisy.send(garbage)
                _, pixels, said = parse(await noisy.recv())
                assert len(pixels) == 0
                assert said["error"]

    assert_all_answered_rightly(run(lesson(live, vanish(), nonsense())))


def test_a_message_of_many_megabytes_closes_the_socket(live):
    async def close_code() -> int | None:
        async with socket(live) as large:
            with suppress(websockets.ConnectionClosed):
                await large.send("[0,0]," * (20 * MB // 6))
            await asyncio.wait_for(large.wait_closed(), 30)
        return large.close_code

    assert run(close_code()) == 1009


@pytest.mark.parametrize("origin", ["http://evil.example", "http://[", "null"])
def test_a_page_of_another_origin_gets_no_socket(live, origin):
    async def status() -> int:
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with socket(live, origin=origin):
                pass
        return refused.value.response.status_code

    assert run(status()) == 403

"""What a browser is told of jobs, and who may start or stop them."""

from __future__ import annotations

import os
import threading

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from explorer.serve import jobs, warm
from explorer.serve.jobs import said, same_site, waiting
from explorer.serve.routes import routes
from explorer.serve.worker import Job, Worker
from tests.serve.test_worker import CHORES, PATIENCE, Script, end
from tests.support import is_one_sentence


@pytest.fixture
def worker(monkeypatch):
    made = Worker(CHORES)
    monkeypatch.setattr(jobs, "worker", made)
    yield made
    made.close()


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path / "script")


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def test_a_page_follows_a_job_from_its_queue_to_its_end(worker, script, client):
    running = worker.request("follow", {"script": script.path}, "ann")
    queued = worker.request("refuse", {}, "ann")
    told = client.get(f"/explorer/jobs/{queued.id}?who=ann").json()
    assert told == {
        "job": queued.id,
        **{"state": "queued", "share": 0, "doing": "", "left": None, "before": 1},
        **{"error": None, "preview": 0},
    }
    with script.begin() as task:
        task.write('{"share": 0.25, "doing": "epoch 1", "preview": "ff"}\n')
        worker.wait(running.id, lambda job: job.preview_number == 1, PATIENCE)
        answer = client.get(f"/explorer/jobs/{running.id}?who=ann")
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert (told["state"], told["share"], told["doing"]) == ("running", 0.25, "epoch 1")
        assert (told["before"], told["preview"]) == (0, 1)
    end(worker, queued)
    assert client.get(f"/explorer/jobs/{running.id}").json()["state"] == "done"
    told = client.get(f"/explorer/jobs/{queued.id}").json()
    assert told["state"] == "failed"
    assert told["error"] == "The atlas is empty; encode some images first."


def test_a_preview_is_sent_once_it_is_newer_than_the_one_a_page_has(worker, script, client):
    job = worker.request("follow", {"script": script.path}, "ann")
    url = f"/explorer/jobs/{job.id}/preview"
    assert client.get(url).status_code == 204
    with script.begin() as task:
        for n, content in enumerate((b"\x00\x01", os.urandom(1000)), start=1):
            line = f'{{"share": 0.1, "doing": "", "preview": "{content.hex()}"}}\n'
            task.write(line)
            worker.wait(job.id, lambda job, n=n: job.preview_number == n, PATIENCE)
            answer = client.get(f"{url}?after={n - 1}")
            assert (answer.status_code, answer.content) == (200, content)
            assert answer.headers["x-preview-number"] == str(n)
            assert client.get(f"{url}?after={n}").status_code == 204
    end(worker, job)
    assert client.get(url).status_code == 204


@pytest.mark.parametrize("after", ["-1", "1.5", "three", "٣", "9" * 5000])
def test_a_preview_after_no_number_is_refused_in_a_sentence(worker, client, after):
    job = end(worker, worker.request("refuse", {}, "ann"))
    answer = client.get(f"/explorer/jobs/{job.id}/preview", params={"after": after})
    assert answer.status_code == 404
    assert is_one_sentence(answer.text)


@pytest.mark.parametrize("path", ["unknown", "unknown/preview?after=1", "%2e%2e"])
def test_an_unknown_job_is_a_sentence(worker, client, path):
    answer = client.get(f"/explorer/jobs/{path}")
    assert answer.status_code == 404
    assert is_one_sentence(answer.text)


def test_whoever_asks_about_a_job_is_interested_and_the_last_to_leave_cancels_it(
    worker, script, client
):
    job = worker.request("follow", {"script": script.path}, "ann")
    url = f"/explorer/jobs/{job.id}"
    script_open = script.begin()
    assert client.get(f"{url}?who=bob").json()["state"] == "running"
    assert client.post(f"{url}/leave?who=ann").status_code == 204
    assert client.get(url).json()["state"] == "running"
    assert client.get(f"{url}/leave?who=bob").status_code == 405
    assert client.post(f"{url}/leave?who=bob").status_code == 204
    assert client.get(url).json()["state"] == "cancelled"
    script_open.close()


def test_another_website_cannot_stop_a_job(worker, script, client):
    job = worker.request("follow", {"script": script.path}, "ann")
    url = f"/explorer/jobs/{job.id}/leave?who=ann"
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = client.post(url, headers=headers)
        assert answer.status_code == 403
        assert is_one_sentence(answer.text)
    assert not worker.find(job.id).ended
    assert client.post(url, headers={"origin": "http://testserver"}).status_code == 204
    assert worker.find(job.id).state == "cancelled"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),  # not a browser
        ({"origin": "http://here:8501"}, True),
        ({"origin": "http://here:8501", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://school.example", "sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),  # typed into the address bar
        ({"sec-fetch-site": "cross-site"}, False),  # a picture in another website's page
        ({"sec-fetch-site": "same-site"}, False),  # the same machine's other port
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://here:9000", "sec-fetch-site": "same-site"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
    ],
)
def test_only_our_own_pages_and_those_allowed_may_start_work(monkeypatch, headers, allowed):
    monkeypatch.setenv("EXPLORER_ORIGINS", "https://school.example")
    raw = [(k.encode(), v.encode()) for k, v in ({"host": "here:8501"} | headers).items()]
    assert same_site(Request({"type": "http", "headers": raw})) is allowed


def test_a_route_that_waits_for_a_job_says_how_far_it_is_or_why_it_failed():
    job = Job("a", "write", {}, "running", share=0.123456, doing="epoch 1")
    answer = waiting(job)
    assert answer.status_code == 202
    assert answer.headers["cache-control"] == "no-store"
    assert said(job)["share"] == 0.1235
    failed = waiting(Job("a", "write", {}, "failed", error="There is no data."))
    assert (failed.status_code, failed.body) == (409, b"There is no data.")


def test_the_server_starts_the_worker_after_its_own_warm_up_and_ends_it(monkeypatch):
    worker = Worker(CHORES)
    monkeypatch.setattr(warm, "worker", worker)
    monkeypatch.setattr(warm, "VISITED", 0.0)
    with TestClient(Starlette(lifespan=warm.lifespan)):
        for thread in threading.enumerate():
            if thread.name == "warm-up":
                thread.join()
        child = worker._child
        assert child.process.poll() is None
    assert child.process.poll() is not None

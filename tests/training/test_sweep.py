"""Sweeps: what is planned, that each member is as if it were trained alone, and every end."""

from __future__ import annotations

import shlex
import shutil
from concurrent.futures import Future
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from pyarrow import parquet

from explorer import store, sweeps
from explorer.errors import ExplorerError
from explorer.latent.index import projections_of
from explorer.training import sweep as running
from explorer.training.member import LOCKS, STOP, Outcome, carry_out, locked
from tests.support import is_one_sentence
from tests.sweeping import digests, epochs, none, planned, quiet, stamps, threads

# Sixteen layers at a thousand times the usual rate overflow within a few steps.
DEEP = {"hidden": ((256,) * 16,), "learning_rate": (1e-4, 1.0), "batch_size": (32,)}


def ran(plan, **how):
    """The sweep after it was run in this process."""
    return running.run(plan, threads, 1, quiet, **how)


# --- what is planned --------------------------------------------------------------------------


def test_the_members_are_all_combinations_and_the_first_setting_varies_slowest():
    plan = planned(beta=(4.0, 0.25), seed=(0, 1, 2))
    assert [(one.settings["beta"], one.seed) for one in plan.sweep.members] == [
        *((4, 0), (4, 1), (4, 2), (0.25, 0), (0.25, 1), (0.25, 2)),
    ]
    assert plan.sweep.varies == {"beta": (4, 0.25), "seed": (0, 1, 2)}
    assert plan.sweep.axes == ("beta",)
    assert [task.spec.objective.beta for task in plan.tasks] == [4] * 3 + [0.25] * 3
    assert [task.spec.seed for task in plan.tasks] == [0, 1, 2] * 2


@pytest.mark.parametrize(
    ("name", "values", "ids"),
    [
        (
            "ladder",
            {"beta": (0.25, 4.0), "seed": (0, 1)},
            ["ladder-beta0.25-s0", "ladder-beta0.25-s1", "ladder-beta4-s0", "ladder-beta4-s1"],
        ),
        (None, {"beta": (1.0, 2.0)}, ["vae-mnist-5k-beta-1", "vae-mnist-5k-beta-2"]),
        (None, {"seed": (3, 4)}, ["vae-mnist-5k-seed-s3", "vae-mnist-5k-seed-s4"]),
        ("a", {"hidden": ((64, 32), ())}, ["a-hidden64x32", "a-hiddennone"]),
        (
            "a",
            {"augment": ("none", "binarise+shift")},
            ["a-augmentnone", "a-augmentbinarise-shift"],
        ),
        ("a", {"learning_rate": (1e-3, 1e-5)}, ["a-learning-rate0.001", "a-learning-rate1e-05"]),
        # Too long to be a name; and values that look the same when they are rounded.
        ("a" * 60, {"beta": (1.0, 2.0)}, [f"{'a' * 60}-001", f"{'a' * 60}-002"]),
        ("a", {"beta": (0.12345678, 0.12345679)}, ["a-beta0.12345678", "a-beta0.12345679"]),
    ],
)
def test_members_have_readable_names_that_are_ids_of_models(name, values, ids):
    members = planned(name, **values).sweep.members
    assert [one.model for one in members] == ids
    assert [store.check_id(one.model) for one in members] == ids


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs a setting with several values"),
        ({"channels": ((4,), (8,))}, "A vae has no use for --channels"),
        ({"beta": (1.0, 2.0), "variance": (0.1,)}, "--variance does nothing without"),
        ({"seed": tuple(range(1001))}, "make 1,001 models"),
    ],
)
def test_a_sweep_that_cannot_be_is_one_sentence_and_leaves_nothing(home, values, said):
    with pytest.raises(ExplorerError, match=said) as caught:
        planned(**values)
    assert is_one_sentence(caught.value)
    assert not home.exists()


@pytest.mark.parametrize("name", ["../up", "A", "", "data", "sweeps"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(name):
    with pytest.raises(ExplorerError, match="cannot name"):
        planned(name or " ", beta=(1.0, 2.0))


# --- what comes out ---------------------------------------------------------------------------


def test_each_member_is_the_model_that_its_own_command_trains_with_the_figures_of_evaluate(
    command, home, monkeypatch, tmp_path
):
    plan = planned(beta=(1.0, 4.0))
    done = ran(plan)
    assert [one.state for one in done.members] == ["done", "done"]
    before = digests(home)
    cards = {one.model: store.read_card(home / one.model) for one in done.members}
    for member in done.members:
        card, artefact = cards[member.model], store.open_artefact(member.model)
        assert [maps.projections for maps in projections_of(artefact)] == [("pca",)]
        assert member.metrics == {key: one.value for key, one in card.metrics.items()}
        answer = command("evaluate", member.model, "--device", "cpu", "--json").json
        assert answer["metrics"] == {key: one.model_dump() for key, one in card.metrics.items()}
        assert answer["on"] == card.metrics_on
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "alone"))
    for card in cards.values():
        words = shlex.split(card.command.removeprefix("python -m explorer "))
        assert command(*words, "--device", "cpu").code == 0
    assert digests(tmp_path / "alone") == before


def test_the_table_has_a_row_for_each_member_and_no_figure_hides_a_setting(home):
    """`reconstruction` is a setting and a figure."""
    done = ran(planned(reconstruction=("bce", "mse"), seed=(3,)))
    table = parquet.read_table(home / "sweeps" / "mine" / sweeps.TABLE).to_pylist()
    assert [row["model"] for row in table] == [one.model for one in done.members]
    assert [row["reconstruction"] for row in table] == ["bce", "mse"]
    assert [(row["hidden"], row["seed"], row["state"]) for row in table] == [("32", 3, "done")] * 2
    for row, member in zip(table, done.members, strict=True):
        figures = {key: row[f"test_{key}"] for key in member.metrics}
        assert figures == member.metrics
    assert table[1]["test_above_grey_floor"] is None  # squared error has no such floor


def test_what_was_asked_stands_in_the_file_and_is_read_back(home):
    done = ran(planned(beta=(1.0, 2.0)))
    assert sweeps.read("mine") == done
    assert sweeps.sweeps() == [done]
    assert store.find([(home, False)]).faults == []


def test_a_sweep_of_priors_is_measured_and_needs_no_map(put, home):
    put("codes")
    from explorer.spec import DataSpec
    from explorer.training.images import open_data

    data = DataSpec(name="mnist-5k", codes_of="codes")
    values = {"width": (16,), "layers": (1,), "heads": (1, 2), "epochs": (1,), "batch_size": (500,)}
    plan = running.plan("priors", "code-prior", values, data, open_data(data), "-", device="cpu")
    done = ran(plan)
    assert [one.state for one in done.members] == ["done", "done"], done.of("failed")
    assert all("nats_per_code" in one.metrics for one in done.members)


# --- members that fail ------------------------------------------------------------------------


def test_a_member_that_diverges_is_told_and_the_rest_goes_on(home):
    done = ran(planned(**DEEP))
    assert [one.state for one in done.members] == ["done", "failed"]
    error = done.members[1].error
    assert "no longer a number" in error
    assert is_one_sentence(error)
    assert sweeps.read("mine") == done
    assert digests(home).keys() == {"mine-learning-rate0.0001"}


def test_a_combination_that_cannot_be_is_told_and_the_rest_goes_on(home):
    done = ran(planned(free_bits=(0.0, 1.0), capacity=(0.0, 5.0)))
    assert [one.state for one in done.members] == ["done", "done", "done", "failed"]
    assert "choose one" in done.members[3].error
    assert not (home / done.members[3].model).exists()


def test_a_model_of_the_same_name_is_not_touched_and_its_member_fails(command, home):
    line = ["--dataset", "mnist-5k", "--hidden", "8", "--epochs", 1, "--batch-size", 500]
    assert command("train", "--name", "mine-beta2", *line).code == 0
    before = stamps(home)
    done = ran(planned(beta=(1.0, 2.0)))
    assert [one.state for one in done.members] == ["done", "failed"]
    assert "choose another --name" in done.members[1].error
    assert stamps(home)["mine-beta2"] == before["mine-beta2"]


def test_a_fault_that_nobody_foresaw_is_told_and_the_rest_goes_on(home):
    class Faulty:
        def submit(self, act, task):
            future: Future = Future()
            if task.spec.objective.beta == 1:
                future.set_exception(RuntimeError("can't allocate memory\nmore"))
            else:
                future.set_result(carry_out(task))
            return future

    done = running.run(planned(beta=(1.0, 2.0)), lambda n: nullcontext(Faulty()), 1, quiet)
    assert [one.state for one in done.members] == ["failed", "done"]
    assert done.members[0].error == "It ended with RuntimeError: can't allocate memory"


def test_what_failed_is_tried_again_only_when_asked(home):
    plan = planned(beta=(1.0, 2.0))
    (home / "mine-beta2").mkdir(parents=True)
    (home / "mine-beta2" / store.RUN).write_text("{")
    assert [one.state for one in ran(plan).members] == ["done", "failed"]
    (home / "mine-beta2" / store.RUN).unlink()
    first = stamps(home)
    assert [one.state for one in running.run(plan, none, 1, quiet).members] == ["done", "failed"]
    done = ran(plan, retry=True)
    assert [(one.state, one.error) for one in done.members] == [("done", "")] * 2
    assert stamps(home)["mine-beta1"] == first["mine-beta1"]


# --- once more --------------------------------------------------------------------------------


def test_a_second_run_does_nothing(home):
    first = ran(planned(beta=(1.0, 2.0)))
    files = {file: file.stat().st_mtime_ns for file in home.rglob("*") if file.is_file()}
    second = running.run(planned(beta=(1.0, 2.0)), none, 1, quiet)
    assert second == first
    files = {file: at for file, at in files.items() if LOCKS not in file.parts}
    assert {file: file.stat().st_mtime_ns for file in files} == files


def test_a_member_that_was_removed_is_trained_again_and_no_other(home):
    ran(planned(beta=(1.0, 2.0)))
    before = digests(home), stamps(home)
    shutil.rmtree(home / "mine-beta2")
    assert [one.state for one in ran(planned(beta=(1.0, 2.0))).members] == ["done", "done"]
    assert digests(home) == before[0]
    assert stamps(home)["mine-beta1"] == before[1]["mine-beta1"]


def test_a_member_that_lacks_figures_and_map_is_given_them_and_not_trained_again(home):
    plan = planned(beta=(1.0, 2.0))
    ran(plan)
    model = "mine-beta1"
    card = store.read_card(home / model)
    before = stamps(home)
    shutil.rmtree(home / model / "atlas")
    store.write_card(home / model, card.model_copy(update={"metrics": {}, "metrics_on": ""}))
    (home / "sweeps" / "mine" / sweeps.FILE).unlink()
    ran(plan)
    assert store.read_card(home / model) == card
    assert projections_of(store.open_artefact(model))
    assert stamps(home) == before


def test_a_second_run_takes_up_the_figures_that_were_measured_since(home):
    ran(planned(beta=(1.0, 2.0)))
    card = store.read_card(home / "mine-beta1")
    more = card.metrics | {"mig": store.Metric(value=0.25, unit="of 1")}
    store.write_card(home / "mine-beta1", card.model_copy(update={"metrics": more}))
    running.run(planned(beta=(1.0, 2.0)), none, 1, quiet)
    assert sweeps.read("mine").members[0].metrics["mig"] == 0.25
    table = parquet.read_table(home / "sweeps" / "mine" / sweeps.TABLE).to_pylist()
    assert [row["test_mig"] for row in table] == [0.25, None]


def test_a_member_whose_card_was_damaged_fails_alone_with_a_sentence(home):
    ran(planned(beta=(1.0, 2.0)))
    (home / "mine-beta1" / store.CARD).write_text("{}")
    done = ran(planned(beta=(1.0, 2.0)))
    assert [one.state for one in done.members] == ["failed", "done"]
    assert "does not describe a model" in done.members[0].error


def test_other_settings_under_the_same_name_are_refused(home):
    first = ran(planned(beta=(1.0, 2.0)))
    for other in (planned(beta=(1.0, 4.0)), planned(beta=(1.0, 2.0), dropout=(0.1,))):
        with pytest.raises(ExplorerError, match="already a sweep 'mine'") as caught:
            running.run(other, none, 1, quiet)
        assert is_one_sentence(caught.value)
    assert sweeps.read("mine") == first


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"name": "mine"}', '{"members": 3}', "\x00\xff", '{"name": NaN}'],
)
def test_a_damaged_file_is_one_sentence_and_its_removal_mends_it(home, text):
    plan = planned(beta=(1.0, 2.0))
    file = plan.folder / sweeps.FILE
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="latin-1")
    for use in (lambda: sweeps.read("mine"), lambda: running.run(plan, none, 1, quiet)):
        with pytest.raises(ExplorerError, match="does not describe a sweep") as caught:
            use()
        assert is_one_sentence(caught.value)
        assert str(file) in str(caught.value)
    assert sweeps.sweeps() == []


def test_a_sweep_that_is_not_there_names_the_nearest(home):
    ran(planned("ladder", beta=(1.0, 2.0)))
    with pytest.raises(ExplorerError, match="Did you mean 'ladder'"):
        sweeps.read("lader")


# --- stopped, and two at once -----------------------------------------------------------------


def test_a_sweep_that_was_stopped_goes_on_and_ends_with_the_same_bits(home, monkeypatch, tmp_path):
    plan = planned(beta=(1.0, 2.0, 4.0), epochs=(20,))
    # After the first member, in the midst of the second.
    stopped = ran(plan, stop=lambda: len(epochs(home, "mine-beta2")) >= 2)
    states = [one.state for one in stopped.members]
    assert states == ["done", "waiting", "waiting"]
    assert (home / "mine-beta2" / "checkpoints" / "resume.safetensors").exists()
    assert not (home / "mine-beta4").exists()
    before = stamps(home)
    done = ran(plan)
    assert [one.state for one in done.members] == ["done"] * 3
    assert stamps(home)["mine-beta1"] == before["mine-beta1"]
    assert all(epochs(home, one.model) == list(range(1, 21)) for one in done.members)
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "whole"))
    ran(planned(beta=(1.0, 2.0, 4.0), epochs=(20,)))
    assert digests(tmp_path / "whole") == digests(home)


def test_two_sweeps_of_one_name_at_once_are_refused(home):
    plan = planned(beta=(1.0, 2.0))
    with locked(plan.folder / LOCKS / ".sweep", lambda: True) as mine:
        assert mine
        with pytest.raises(ExplorerError, match="running already") as caught:
            running.run(plan, none, 1, quiet)
    assert is_one_sentence(caught.value)
    assert not (plan.folder / sweeps.FILE).exists()


def test_a_member_that_another_process_is_at_is_waited_for_and_not_begun(home):
    task = planned(beta=(1.0, 2.0)).tasks[0]
    with locked(task.folder / LOCKS / task.model, lambda: True):
        (task.folder / STOP).touch()
        assert carry_out(task) == Outcome("waiting")
    assert not (home / task.model).exists()
    (task.folder / STOP).unlink()
    assert carry_out(task) == Outcome("done")


def test_a_folder_that_cannot_be_written_is_one_sentence(home):
    plan = planned(beta=(1.0, 2.0))
    home.mkdir()
    (home / "sweeps").write_text("a file in the way")
    with pytest.raises(ExplorerError, match="could not be written") as caught:
        running.run(plan, none, 1, quiet)
    assert is_one_sentence(caught.value)


def test_the_shares_add_up_and_do_not_fall(home):
    heard: list[SimpleNamespace] = []
    running.run(planned(beta=(1.0, 2.0), epochs=(10,)), threads, 1, heard.append)
    shares = [one.share for one in heard]
    assert shares == sorted(shares)
    assert shares[-1] == heard[-1].all == 2
    assert heard[-1].ended == 2

"""The options of `train`: written once in the specs, explained, and carried into the run."""

from __future__ import annotations

import json

import pytest
import typer

from explorer import store
from explorer.cli import app
from explorer.cli.options import RUN, setting_fields
from explorer.loaded import load
from explorer.spec import ModelSpec, ObjectiveSpec, TrainSpec
from tests.support import is_one_sentence

QUICK = {"dataset": "mnist-5k", "epochs": 1, "batch-size": 500}
SMALL = {"hidden": "16", "latent-dim": 3}
# Options that fit a family, with values that are no defaults. Together they are all there are.
FITTING = {
    "conv-vae": {
        **{"latent-dim": 3, "hidden": "16,8", "channels": "4,8", "activation": "relu"},
        **{"batch-norm": True, "dropout": 0.25, "reconstruction": "mse", "variance": 0.1},
        **{"beta": 0.5, "annealing": "cyclical", "warmup-steps": 7, "cycles": 3},
        **{"free-bits": 0.125, "noise": "masking", "noise-amount": 0.25, "seed": 11},
        **{"learning-rate": 0.002, "schedule": "one-cycle", "weight-decay": 0.01},
        **{"augment": "binarise+shift", "precision": "bfloat16"},
    },
    "vae": {**SMALL, "capacity": 5.5, "capacity-steps": 30},
    "conditional-vae": {**SMALL, "label-embedding": 3},
    "vq-vae": {
        **{"channels": "4,8", "codebook-size": 9, "code-dim": 4, "codebook": "loss"},
        **{"residual-blocks": 1, "commitment": 0.5},
    },
    "sparse-autoencoder": {
        **SMALL,
        **{"sparsity": "kl", "sparsity-weight": 2.0, "sparsity-target": 0.125},
    },
}
OF_A_PRIOR = {"width": 16, "layers": 1, "heads": 2}


def words(options: dict) -> list[str]:
    """`{"beta": 2, "batch-norm": True}` as the words `--beta 2 --batch-norm`."""
    listed: list[str] = []
    for name, value in options.items():
        if isinstance(value, bool):
            listed.append(f"--{name}" if value else f"--no-{name}")
        else:
            listed += [f"--{name}", str(value)]
    return listed


def settings_of(home, name: str) -> dict:
    """All settings of a run's spec by name, as they stand in its file."""
    spec = json.loads((home / name / store.RUN).read_text())["spec"]
    return spec | spec.pop("model") | spec.pop("objective")


def parameters(command: str) -> dict:
    found = typer.main.get_command(app).commands[command].params
    return {parameter.name: parameter for parameter in found if parameter.name != "help"}


# --- what there is ----------------------------------------------------------------------------


def test_every_field_of_the_specs_is_an_option_but_for_what_the_images_and_the_family_decide():
    fields = {w for part in (ModelSpec, ObjectiveSpec, TrainSpec) for w in part.model_fields}
    parts = {"model", "objective", "data"}
    assert fields - setting_fields(RUN).keys() == parts | {"family", "image_shape", "classes"}
    assert setting_fields(RUN).keys() <= parameters("train").keys()


def test_the_tables_of_this_test_name_every_option_with_a_value_that_is_no_default():
    named = {w.replace("-", "_"): v for group in FITTING.values() for w, v in group.items()}
    named |= {w.replace("-", "_"): v for w, v in (QUICK | OF_A_PRIOR).items() if w != "dataset"}
    assert named.keys() == setting_fields(RUN).keys()
    for word, value in named.items():
        default = setting_fields(RUN)[word].default
        assert value != (",".join(map(str, default)) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("name", typer.main.get_command(app).commands)
def test_every_option_of_every_command_says_what_it_does(name):
    for word, parameter in parameters(name).items():
        if parameter.param_type_name == "option":
            assert (parameter.help or "").strip(), word
            assert parameter.opts[0].startswith("--"), word


def test_the_help_of_a_setting_is_its_description_with_its_general_default():
    for name, field in setting_fields(RUN).items():
        said = parameters("train")[name].help
        default = field.default
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        assert said.startswith(field.description)
        assert said.endswith(f"[{shown}]")


def test_the_help_lists_the_options_of_the_run_the_model_and_the_objective(command):
    out = command("train", "--help").out
    for title in ("The model", "The objective", "The run"):
        assert title in out
    for name in setting_fields(RUN):
        assert f"--{name.replace('_', '-')}"[:20] in out


# --- what becomes of them ---------------------------------------------------------------------


@pytest.mark.parametrize("family", FITTING)
def test_every_option_that_fits_a_family_reaches_the_spec_of_the_run(command, home, family):
    options = QUICK | FITTING[family]
    answer = command("train", "--name", "a", "--model", family, "--json", *words(options))
    assert answer.code == 0, answer.err
    settings = settings_of(home, "a")
    assert (settings["family"], settings["data"]["name"]) == (family, "mnist-5k")
    del options["dataset"]
    for name, value in options.items():
        written = settings[name.replace("-", "_")]
        said = ",".join(map(str, written)) if isinstance(written, list) else written
        assert said == value, name


def test_the_options_of_a_prior_reach_the_spec_of_the_run(command, home):
    vq = {**QUICK, "model": "vq-vae", "channels": "4,8", "codebook-size": 9}
    assert command("train", "--name", "codes", *words(vq), "--json").code == 0
    prior = {**QUICK, **OF_A_PRIOR, "model": "code-prior", "codes-of": "codes"}
    answer = command("train", "--name", "prior", *words(prior), "--json")
    assert answer.code == 0, answer.err
    settings = settings_of(home, "prior")
    assert {name: settings[name] for name in OF_A_PRIOR} == OF_A_PRIOR
    assert (settings["codebook_size"], settings["data"]["codes_of"]) == (9, "codes")


def test_what_is_left_out_is_left_to_the_family(command, home):
    quick = words(QUICK | {"hidden": "8"})
    for family, beta in (("vae", 1.0), ("beta-vae", 4.0)):
        assert command("train", "--name", family, "--model", family, *quick, "--json").code == 0
        assert settings_of(home, family)["beta"] == beta


def test_a_switch_can_be_turned_off_where_the_family_has_it_on(command, home):
    quick = words(QUICK | {"channels": "4,8", "latent-dim": 3})
    for name, more, on in (("a", [], True), ("b", ["--no-batch-norm"], False)):
        answer = command("train", "--name", name, "--model", "conv-autoencoder", *quick, *more)
        assert answer.code == 0, answer.err
        assert settings_of(home, name)["batch_norm"] is on


def test_an_empty_list_of_widths_is_a_linear_model(command, home):
    answer = command("train", "--name", "a", "--hidden", "", *words(QUICK), "--json")
    assert answer.code == 0
    assert settings_of(home, "a")["hidden"] == []
    assert len(load("a", "cpu").network.encoder) == 1


def test_pca_is_trained_in_one_epoch_and_opens(command, home):
    line = ["--name", "linear", "--model", "pca", "--dataset", "mnist-5k", "--latent-dim", 5]
    answer = command("train", *line, "--json")
    assert (answer.code, answer.json["state"], answer.json["best_epoch"]) == (0, "finished", 1)
    records = [json.loads(line) for line in (home / "linear" / store.HISTORY).open()]
    assert [(record["event"], record["epoch"]) for record in records] == [("epoch", 1)]
    model = load("linear", "cpu")
    assert (model.latent_dim, model.card.training.epochs) == (5, 1)
    assert model.card.training.best_validation == pytest.approx(
        answer.json["best_validation_nats"], abs=1e-3
    )
    assert command("train", *line).code == 2  # the name is taken now


MISFITS = {
    "VQ-VAE with a beta": ("vq-vae", {"beta": 2}, "no use for --beta"),
    "VQ-VAE with a latent dimension": ("vq-vae", {"latent-dim": 8}, "no use for --latent-dim"),
    "PCA with epochs": ("pca", {"epochs": 3}, "no use for --epochs"),
    "PCA with noise": ("pca", {"noise": "masking"}, "no use for --noise"),
    "PCA by cross-entropy": ("pca", {"reconstruction": "bce"}, "choose the reconstruction mse"),
    "autoencoder with free bits": ("autoencoder", {"free-bits": 1}, "no use for --free-bits"),
    "fully connected with channels": ("vae", {"channels": "4"}, "no use for --channels"),
    "batch norm turned off": ("vae", {"batch-norm": False}, "no use for --batch-norm"),
    "two floors": ("vae", {"free-bits": 1, "capacity": 5}, "choose one"),
    "unknown noise": ("vae", {"noise": "speckle"}, "'salt-and-pepper'"),
    "unknown penalty": ("sparse-autoencoder", {"sparsity": "l0"}, "'none', 'l1' or 'kl'"),
    "unknown codebook": ("vq-vae", {"codebook": "sum"}, "'ema' or 'loss'"),
    "everything dropped": ("vae", {"dropout": 1}, "dropout"),
}


@pytest.mark.parametrize(("family", "options", "said"), MISFITS.values(), ids=MISFITS)
def test_an_option_that_does_not_fit_is_one_sentence_and_leaves_nothing(
    command, home, family, options, said
):
    line = ["--name", "a", "--dataset", "mnist-5k", "--model", family, *words(options)]
    answer = command("train", *line, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: ")
    assert is_one_sentence(answer.err)
    assert said in answer.err
    assert not home.exists()

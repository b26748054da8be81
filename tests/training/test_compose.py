"""From what was asked for to a whole spec: defaults, what the images decide, and misfits."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from explorer import models
from explorer.data import Dataset
from explorer.errors import ExplorerError
from explorer.models import family, names
from explorer.spec import DataSpec, ModelSpec, ObjectiveSpec, TrainSpec
from explorer.training.compose import LARGE_CHANNELS, MAX_PARAMETERS, compose
from tests.support import is_one_sentence

DATA = DataSpec(name="mnist-5k")
PARTS = {"model": ModelSpec, "objective": ObjectiveSpec}


def shaped(dataset: Dataset, *shape: int, **values) -> Dataset:
    """The same data set with images of another shape, all black."""
    return replace(dataset, pixels=torch.zeros(10, *shape, dtype=torch.uint8), **values)


def flat(spec: TrainSpec) -> dict:
    """All settings of a spec by name, whatever part they belong to."""
    return {name: getattr(spec, name) for name in TrainSpec.model_fields} | {
        name: getattr(getattr(spec, part), name)
        for part, kind in PARTS.items()
        for name in kind.model_fields
    }


# --- what is filled in ------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_a_family_has_its_own_defaults_and_the_general_ones_where_it_has_none(name, digits):
    spec = flat(compose(name, {}, DATA, digits))
    general = flat(TrainSpec())
    of_the_images = {"family", "image_shape", "classes", "data", "model", "objective"}
    of_the_images |= {"latent_dim"} if name == "vq-vae" else set()
    of_the_images |= {"epochs"} if family(name).closed_form else set()
    expected = general | family(name).defaults
    assert {word for word in spec if spec[word] != expected[word]} <= of_the_images
    assert (spec["family"], spec["data"], spec["image_shape"]) == (name, DATA, (1, 28, 28))


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        ("beta-vae", {"beta": 4.0, "latent_dim": 10}),
        ("conv-vae", {"hidden": (256,)}),
        ("conv-autoencoder", {"batch_norm": True, "latent_dim": 64, "hidden": ()}),
        ("denoising-autoencoder", {"noise": "gaussian", "dropout": 0.2, "reconstruction": "mse"}),
        ("sparse-autoencoder", {"sparsity": "l1", "latent_dim": 64}),
        ("pca", {"reconstruction": "mse", "latent_dim": 20, "epochs": 1}),
        ("vq-vae", {"latent_dim": 7 * 7 * 16, "codebook": "ema"}),
        ("conditional-vae", {"classes": 10, "label_embedding": 0}),
    ],
)
def test_some_defaults_by_value(name, defaults, digits):
    spec = flat(compose(name, {}, DATA, digits))
    assert {word: spec[word] for word in defaults} == defaults


def test_what_was_asked_for_wins_over_the_default_of_the_family(digits):
    asked = {"beta": 2.0, "latent_dim": 5, "hidden": (16,), "epochs": 3, "seed": 7}
    assert flat(compose("beta-vae", asked, DATA, digits)).items() >= asked.items()
    quiet = compose("denoising-autoencoder", {"noise": "none", "dropout": 0.0}, DATA, digits)
    assert (quiet.objective.noise, quiet.model.dropout) == ("none", 0.0)


def test_the_classes_are_those_of_the_data_set(digits):
    seven = replace(digits, classes=tuple("abcdefg"))
    assert compose("conditional-vae", {}, DATA, seven).model.classes == 7
    assert compose("vae", {}, DATA, seven).model.classes == 0


@pytest.mark.parametrize(
    ("name", "side", "channels"),
    [
        ("conv-vae", 28, (32, 64)),
        ("conv-vae", 48, (32, 64)),
        ("conv-vae", 64, LARGE_CHANNELS),
        ("conv-autoencoder", 128, LARGE_CHANNELS),
        ("vq-vae", 64, (32, 64)),  # a code must stand for a small part of the image
    ],
)
def test_large_images_get_four_convolutions(name, side, channels, digits):
    assert len(LARGE_CHANNELS) == 4
    spec = compose(name, {}, DATA, shaped(digits, 3, side, side))
    assert spec.model.channels == channels
    assert spec.model.image_shape == (3, side, side)


def test_the_channels_that_were_asked_for_win_over_those_for_large_images(digits):
    spec = compose("conv-vae", {"channels": (8,)}, DATA, shaped(digits, 3, 64, 64))
    assert spec.model.channels == (8,)


@pytest.mark.parametrize(
    ("shape", "given", "latent_dim"),
    [
        ((1, 28, 28), {}, 7 * 7 * 16),
        ((1, 28, 28), {"code_dim": 3}, 7 * 7 * 3),
        ((1, 28, 28), {"channels": (8,)}, 14 * 14 * 16),
        ((3, 64, 32), {"channels": (8, 8, 8), "code_dim": 2}, 8 * 4 * 2),
    ],
)
def test_the_latent_dimension_of_a_vq_vae_is_that_of_its_grid(shape, given, latent_dim, digits):
    spec = compose("vq-vae", given, DATA, shaped(digits, *shape))
    assert spec.model.latent_dim == latent_dim


def test_a_code_grid_of_too_many_dimensions_names_the_settings_that_decide_it(digits):
    said = refused("vq-vae", {"code_dim": 335}, digits)  # 7 x 7 x 335 = 16,415
    assert "codes of 335 numbers would have 16,415 dimensions here, more than 16,384" in said
    assert "smaller --code-dim" in said
    assert compose("vq-vae", {"code_dim": 334}, DATA, digits).model.latent_dim == 16_366


@pytest.mark.parametrize("name", names())
def test_what_is_composed_can_be_built_on_large_colour_images_and_stays_below_the_limit(
    name, digits
):
    spec = compose(name, {}, DATA, shaped(digits, 3, 64, 64))
    with torch.device("meta"):
        network = models.build(spec.model, spec.objective)
    assert 0 < sum(p.numel() for p in network.parameters()) <= MAX_PARAMETERS


# --- misfits ----------------------------------------------------------------------------------


def refused(name: str, given: dict, dataset: Dataset) -> str:
    with pytest.raises(ExplorerError) as caught:
        compose(name, given, DATA, dataset)
    assert is_one_sentence(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "given", "option"),
    [
        ("vq-vae", {"beta": 2.0}, "--beta"),
        ("vq-vae", {"latent_dim": 20}, "--latent-dim"),
        ("vq-vae", {"hidden": (16,)}, "--hidden"),
        ("vq-vae", {"dropout": 0.1}, "--dropout"),
        ("pca", {"epochs": 3}, "--epochs"),
        ("pca", {"learning_rate": 0.1}, "--learning-rate"),
        ("pca", {"batch_size": 10}, "--batch-size"),
        ("pca", {"augment": "shift"}, "--augment"),
        ("pca", {"precision": "bfloat16"}, "--precision"),
        ("pca", {"noise": "masking"}, "--noise"),
        ("pca", {"hidden": (16,)}, "--hidden"),
        ("autoencoder", {"free_bits": 1.0}, "--free-bits"),
        ("autoencoder", {"warmup_steps": 10}, "--warmup-steps"),
        ("autoencoder", {"sparsity": "l1"}, "--sparsity"),
        ("vae", {"channels": (4,)}, "--channels"),
        ("vae", {"batch_norm": True}, "--batch-norm"),
        ("vae", {"codebook_size": 8}, "--codebook-size"),
        ("vae", {"label_embedding": 8}, "--label-embedding"),
        ("conv-vae", {"commitment": 1.0}, "--commitment"),
    ],
)
def test_a_setting_that_the_family_would_ignore_is_one_sentence_that_names_it(
    name, given, option, digits
):
    said = refused(name, given, digits)
    assert said == f"A {name} has no use for {option}; leave it out."


# What a setting that works through another one alone needs beside it.
PARTNERS = {
    "variance": {"reconstruction": "mse"},
    "annealing": {"warmup_steps": 5},
    "cycles": {"annealing": "cyclical", "warmup_steps": 5},
    "capacity_steps": {"capacity": 2.0},
    "noise_amount": {"noise": "gaussian"},
    "sparsity_weight": {"sparsity": "l1"},
    "sparsity_target": {"sparsity": "kl"},
}


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("vae", {"variance": 0.1}, "--variance does nothing without --reconstruction; give"),
        ("vae", {"annealing": "cyclical"}, "give --warmup-steps a number above 0 too"),
        ("vae", {"cycles": 2, "warmup_steps": 5}, "give --annealing cyclical too"),
        ("vae", {"capacity_steps": 9}, "give --capacity a number above 0 too"),
        ("autoencoder", {"noise_amount": 0.1}, "give --noise a kind of noise too"),
        ("sparse-autoencoder", {"sparsity_target": 0.1}, "give --sparsity kl too"),
        ("sparse-autoencoder", {"sparsity": "none", "sparsity_weight": 1.0}, "l1 or kl too"),
    ],
)
def test_a_setting_that_another_one_leaves_idle_is_one_sentence(name, given, said, digits):
    assert said in refused(name, given, digits)


@pytest.mark.parametrize(("word", "partner"), PARTNERS.items())
def test_a_setting_beside_what_it_needs_is_taken(word, partner, digits):
    values = {"variance": 0.1, "annealing": "cyclical", "cycles": 2, "capacity_steps": 9}
    value = values.get(word, 0.2)
    name = "sparse-autoencoder" if word.startswith("spars") else "vae"
    assert flat(compose(name, {**partner, word: value}, DATA, digits))[word] == value


@pytest.mark.parametrize("name", names())
def test_every_setting_is_either_taken_into_the_spec_or_refused(name, digits):
    """Each setting a little off its default, one at a time: none is dropped in silence."""
    other = {
        **{"latent_dim": 6, "hidden": (24,), "channels": (6,), "activation": "silu"},
        **{"batch_norm": None, "dropout": 0.4, "label_embedding": 3, "codebook_size": 9},
        **{
            "code_dim": 3,
            "residual_blocks": 1,
            "codebook": "loss",
            "reconstruction": None,
            "variance": 0.1,
        },
        **{"beta": 0.5, "annealing": "cyclical", "warmup_steps": 5, "cycles": 2},
        **{"free_bits": 0.1, "capacity": 3.0, "capacity_steps": 5, "noise": "masking"},
        **{"noise_amount": 0.2, "sparsity": "kl", "sparsity_weight": 2.0, "commitment": 1.0},
        **{"sparsity_target": 0.2, "epochs": 2, "batch_size": 10, "learning_rate": 0.01},
        **{"schedule": "one-cycle", "weight_decay": 0.1, "augment": "shift", "seed": 5},
        **{"precision": "bfloat16", "width": 16, "layers": 1, "heads": 2},
    }
    described = {w for p in (ModelSpec, ObjectiveSpec, TrainSpec) for w in p.model_fields}
    described -= {"family", "image_shape", "classes", "model", "objective", "data"}
    assert other.keys() == described
    plain = flat(compose(name, {}, DATA, digits))
    other["batch_norm"] = not plain["batch_norm"]
    other["reconstruction"] = "bce" if plain["reconstruction"] == "mse" else "mse"
    kind = family(name)
    taken = kind.all_settings() | ({"seed"} if kind.closed_form else {*TrainSpec.model_fields})
    for word, value in other.items():
        assert value != plain[word]
        partner = PARTNERS.get(word, {})
        if (name, word) == ("pca", "reconstruction"):
            assert "mse" in refused(name, {word: value}, digits)
        elif word in taken:
            asked = {**partner, word: value}
            assert flat(compose(name, asked, DATA, digits))[word] == value
        else:
            assert "--" + word.replace("_", "-") in refused(name, {word: value}, digits)


def test_a_prior_is_not_asked_what_its_codes_decide(digits):
    codes = replace(digits, pixels=torch.zeros(10, 1, 7, 7, dtype=torch.int16), codes=9)
    assert compose("code-prior", {}, DATA, codes).model.codebook_size == 9
    assert "no use for --codebook-size" in refused("code-prior", {"codebook_size": 500}, codes)
    assert "no use for --augment" in refused("code-prior", {"augment": "shift"}, codes)


def test_a_prior_learns_codes_and_every_other_family_images(digits):
    codes = replace(digits, pixels=torch.zeros(10, 1, 7, 7, dtype=torch.int16), codes=9)
    assert "name the model with --codes-of" in refused("code-prior", {}, digits)
    assert "leave --codes-of out" in refused("vae", {}, codes)


def test_a_word_that_is_no_setting_is_one_sentence(digits):
    said = refused("vae", {"latent_dims": 3}, digits)
    assert said == "'latent_dims' is not a setting; remove it or correct its name."


def test_an_unknown_family_is_answered_with_the_nearest(digits):
    assert "Did you mean 'vq-vae'?" in refused("vqvae", {}, digits)


@pytest.mark.parametrize("name", ["conditional-vae", "conv-conditional-vae"])
@pytest.mark.parametrize("classes", [(), ("all",)])
def test_a_conditional_family_on_images_without_classes_says_what_it_needs(name, classes, digits):
    said = refused(name, {}, replace(digits, classes=classes))
    assert "labelled images of at least two classes" in said


def test_wide_layers_on_large_colour_images_are_refused_with_their_number_of_weights(digits):
    wide = {"hidden": (8192,)}
    said = refused("vae", wide, shaped(digits, 3, 64, 64))
    # 12,288 pixels times 8,192 units each way, and little besides.
    assert "vae on images of 3 x 64 x 64 would have 201 million weights" in said
    assert "more than 100 million" in said
    assert "convolutional" in said
    assert compose("vae", wide, DATA, digits).model.hidden == (8192,)


@pytest.mark.parametrize("name", ["conv-vae", "vq-vae"])
@pytest.mark.parametrize("channels", [(4, 4, 4), ()])
def test_convolutions_that_do_not_divide_the_image_are_refused(name, channels, digits):
    said = refused(name, {"channels": channels}, digits)
    assert "28x28" in said
    assert "change the number of channels" in said


def test_free_bits_with_a_capacity_are_refused_with_a_sentence_of_their_own(digits):
    said = refused("vae", {"free_bits": 0.5, "capacity": 10.0}, digits)
    assert said == "Free bits and capacity both set a floor of the KL; choose one."


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("pca", {"reconstruction": "bce"}, "choose the reconstruction mse"),
        ("pca", {"latent_dim": 785}, "784 pixels has at most 784 components"),
        ("vae", {"latent_dim": 0}, "latent dim"),
        ("vae", {"beta": -1.0}, "beta"),
        ("vae", {"dropout": 1.0}, "dropout"),
    ],
)
def test_an_impossible_value_is_one_sentence_that_says_so(name, given, words, digits):
    assert words in refused(name, given, digits)


def test_counting_the_weights_of_a_giant_makes_none_of_them(digits, monkeypatch):
    """On the meta device a weight has a shape and no memory."""
    devices = []
    inner = models.build

    def build(*args):
        network = inner(*args)
        devices.extend({p.device.type for p in network.parameters()})
        return network

    monkeypatch.setattr(models, "build", build)
    compose("vae", {}, DATA, digits)
    assert devices == ["meta"]

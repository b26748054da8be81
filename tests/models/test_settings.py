"""A family reads the settings that it names, and no others: each changes what a batch costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from explorer.models import build, family, names
from explorer.models.vq_vae import VQVAE, grid_dim
from explorer.spec import ModelSpec, ObjectiveSpec
from tests.support import first, generator

BASE = {"latent_dim": 3, "hidden": (8,), "channels": (2, 2), "codebook_size": 8, "code_dim": 2}
# Another value of each setting, and what else must be set for it to matter.
OTHER = {
    "latent_dim": (4, {}),
    "hidden": ((9,), {}),
    "channels": ((2, 3), {}),
    "activation": ("relu", {}),
    "batch_norm": (True, {}),
    "dropout": (0.5, {}),
    "label_embedding": (3, {}),
    "codebook_size": (9, {}),
    "code_dim": (3, {}),
    "residual_blocks": (1, {}),
    "codebook": ("loss", {}),
    "width": (16, {}),
    "layers": (1, {}),
    "heads": (2, {}),
    "reconstruction": ("mse", {}),
    "variance": (0.1, {"reconstruction": "mse"}),
    "beta": (3.0, {}),
    "annealing": ("cyclical", {"warmup_steps": 2}),
    "warmup_steps": (100, {}),
    "cycles": (2, {"warmup_steps": 2, "annealing": "cyclical"}),
    "free_bits": (5.0, {}),
    "capacity": (7.0, {}),
    "capacity_steps": (100, {"capacity": 7.0}),
    "noise": ("masking", {}),
    "noise_amount": (0.9, {"noise": "masking"}),
    "sparsity": ("l1", {}),
    "sparsity_weight": (0.7, {"sparsity": "l1"}),
    "sparsity_target": (0.7, {"sparsity": "kl"}),
    "commitment": (2.0, {}),
}
STEP = 9  # in the third of four cycles of four steps, and after two of them


def cost(name: str, images, settings: dict) -> list[float]:
    """What a batch costs a fresh network in training mode, in all and image by image.

    Every random number comes from a seed.
    """
    settings = BASE | settings
    if name == "pca":
        settings |= {"reconstruction": "mse"}
    values = {word: v for word, v in settings.items() if word in ModelSpec.model_fields}
    model = ModelSpec(
        **values,
        family=name,
        image_shape=(1, 8, 8),
        classes=10 if family(name).conditional else 0,
    )
    if family(name) is VQVAE:
        model = model.model_copy(update={"latent_dim": grid_dim(model)})
    values = {word: v for word, v in settings.items() if word in ObjectiveSpec.model_fields}
    net = build(model, ObjectiveSpec(**values), seed=3).train()
    if net.closed_form:
        net.fit(images)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loss = net.loss(images.float(), images.labels, STEP, generator())
    return [loss.total.item(), *loss.reconstruction.tolist()]


@pytest.mark.parametrize("name", names())
def test_a_setting_changes_the_cost_of_a_batch_exactly_if_the_family_reads_it(name, digits):
    described = {w for p in (ModelSpec, ObjectiveSpec) for w in p.model_fields}
    assert described == OTHER.keys() | {"family", "image_shape", "classes"}
    images = first(digits, 20)
    images = replace(images, pixels=images.pixels[:, :, 10:18, 10:18])  # PCA is quicker so
    read = family(name).all_settings() & OTHER.keys()
    if name == "vq-vae":
        assert "latent_dim" not in read
    if name == "pca":  # it takes no noise and no other reconstruction: `compose` refuses both
        read |= {"noise", "noise_amount"}
        read -= {"reconstruction"}
    changing = set()
    for word, (value, context) in OTHER.items():
        if cost(name, images, context) != cost(name, images, context | {word: value}):
            changing.add(word)
    assert changing == read

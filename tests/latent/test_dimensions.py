"""Dimensions: what each carries is what training pays for it, and a walk moves one alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import explorer
from explorer.errors import ExplorerError
from explorer.latent.dimensions import BEYOND, DEAD_KL, Dimensions, measure, names, traverse
from explorer.latent.moves import MAX_MOVES, moved, moves_of_text
from explorer.latent.opened import open_atlas
from explorer.models.base import Posterior
from tests.support import is_one_sentence


def opened(model: str, dataset: str = "mnist-5k"):
    return open_atlas(model, dataset, 5000)


def of(model: str, dataset: str = "mnist-5k") -> Dimensions:
    return opened(model, dataset).dimensions


def gaussian(n: int, sizes: list[float], seed: int = 0) -> np.ndarray:
    """n latents around 0 with these standard deviations."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, len(sizes))) * sizes).astype(np.float32)


# --- what is measured -----------------------------------------------------------------------------


def test_the_kl_of_a_dimension_is_that_which_training_pays_for_it():
    one = opened("mnist-conv-vae-32")
    posterior = Posterior(torch.from_numpy(one.atlas.mean), torch.from_numpy(one.atlas.logvar))
    paid = one.model.network.regularise(torch.zeros(5000), posterior, 10**6).per_dimension_kl
    assert np.allclose(one.dimensions.kl, paid.numpy(), rtol=1e-4, atol=1e-6)
    # The column that colours the map by KL adds the same nats up.
    assert one.dimensions.kl.sum() == pytest.approx(23.1, abs=0.1)


def test_the_kl_in_nats_has_its_closed_form():
    mean = np.array([[1.0, 0, 2], [-1.0, 0, 2]], np.float32)
    logvar = np.log(np.square(np.array([[1, 0.5, 1], [1, 0.5, 2]]))).astype(np.float32)
    found = measure(mean, logvar, has_prior=True)
    half = 0.5 * (0.25 - 1 - np.log(0.25))
    wide = 0.5 * (4 + 4 - 1 - np.log(4))
    assert np.allclose(found.kl, [0.5, half, (2 + wide) / 2], rtol=1e-6)
    assert np.allclose(found.sigma, [1, 0.5, 1.5])
    assert np.allclose(found.variance, [1, 0, 0])


def test_a_prior_gives_the_units_and_a_symmetric_reach_that_holds_the_images():
    z = np.concatenate([gaussian(20_000, [0.3, 1]), [[0, 9], [0, -9]]]).astype(np.float32)
    found = measure(z, np.zeros_like(z), has_prior=True)
    assert np.array_equal(found.low, -found.high)
    assert found.high[0] == 3
    # The middle 99.8 % of N(0, 1) end at 3.09; two far images do not stretch it.
    assert found.high[1] == pytest.approx(3.09, abs=0.15)
    assert found.unit.tolist() == [1, 1]
    assert found.centre.tolist() == [0, 0]


def test_without_a_prior_the_images_alone_say_how_far_a_dimension_goes():
    z = gaussian(20_000, [0.3, 8]) + np.float32([5, -40])
    found = measure(z, None, has_prior=False)
    assert found.kl is None
    assert found.sigma is None
    assert np.allclose(found.unit, [0.3, 8], rtol=0.03)
    assert np.allclose(found.centre, [5, -40], atol=0.3)
    inside = (z > found.low) & (z < found.high)
    assert (inside.mean(0) >= 1 - 2 * BEYOND).all()
    assert found.low[1] > z[:, 1].min() - 4
    assert np.allclose(found.scale(7)[1] + 40, np.arange(-3, 4) * found.unit[1], atol=0.4)


@pytest.mark.parametrize(
    ("model", "dead"),
    [("mnist-vae-20", 1), ("mnist-conv-vae-32", 11), ("mnist-vae-2d", 0), ("mnist-pca-20", 0)],
)
def test_so_many_dimensions_of_a_shipped_model_do_nothing(model, dead):
    found = of(model)
    assert found.dead.sum() == dead
    assert sum(bool(found.why_dead(d)) for d in range(len(found))) == dead


def test_a_dead_dimension_changes_no_pixel_and_a_living_one_does():
    one = opened("mnist-conv-vae-32")
    z = one.atlas.mean[0]
    order = one.dimensions.order("kl")
    best, worst = order[:3], order[one.dimensions.dead[order]][-3:]
    for dimensions, least, most in ((best, 0.2, 1), (worst, 0, 0.05)):
        walk = traverse(z, dimensions.tolist(), np.tile([-3.0, 3.0], (3, 1)))
        images = one.model.decode(walk.reshape(6, -1)).reshape(3, 2, -1)
        change = np.abs(images[:, 0] - images[:, 1]).max(1)
        assert (least <= change).all()
        assert (change <= most).all()


def test_a_dead_dimension_says_so_with_its_nats():
    found = of("mnist-vae-20")
    (dead,) = np.flatnonzero(found.dead)
    assert found.kl[dead] < DEAD_KL
    words = found.why_dead(int(dead))
    assert "does nothing: posterior collapse" in words
    assert f"{found.kl[dead]:.4f} nats" in words
    assert is_one_sentence(words)
    assert found.why_dead(int(found.order("kl")[0])) == ""


def test_without_a_kl_a_dimension_that_hardly_varies_is_dead():
    found = of("mnist-sparse-ae-64")
    assert found.kl is None
    share = found.variance / found.variance.mean()
    assert np.array_equal(found.dead, share < 0.01)
    assert 0 < found.dead.sum() < 64
    words = found.why_dead(int(np.flatnonzero(found.dead)[0]))
    assert "less than 1 %" in words
    assert "collapse" not in words
    assert is_one_sentence(words)


def test_a_model_whose_latents_are_all_equal_is_measured_without_a_fault():
    found = measure(np.zeros((5, 3), np.float32), None, has_prior=False)
    assert (found.low < found.high).all()
    assert (found.unit > 0).all()
    assert np.isfinite(found.share).all()
    assert found.why_dead(0) == ""


def test_dimensions_are_listed_by_falling_kl_or_by_their_number():
    found = of("mnist-vae-20")
    assert found.order("index").tolist() == list(range(20))
    by_kl = found.kl[found.order("kl")]
    assert (np.diff(by_kl) <= 0).all()
    assert sorted(found.order("kl").tolist()) == list(range(20))
    pca = of("mnist-pca-20")
    assert (np.diff(pca.variance[pca.order("kl")]) <= 0).all()
    assert pca.share.sum() == pytest.approx(1)


def test_equal_dimensions_keep_their_order():
    found = measure(np.zeros((4, 300), np.float32), np.zeros((4, 300), np.float32), True)
    assert found.order("kl").tolist() == list(range(300))


def test_components_of_a_pca_are_named_as_such():
    assert names("pca", 12)[::11] == ["PC₁", "PC₁₂"]
    assert names("conv-vae", 256)[255] == "z₂₅₆"


# --- walks ----------------------------------------------------------------------------------------


def test_a_walk_moves_one_dimension_and_holds_the_others():
    z = np.arange(5, dtype=np.float32)
    values = np.array([[-1.0, 0, 1], [7, 8, 9]])
    grid = traverse(z, [3, 0], values)
    assert grid.shape == (2, 3, 5)
    assert grid.dtype == np.float32
    assert np.array_equal(grid[0, :, 3], values[0])
    assert np.array_equal(grid[1, :, 0], values[1])
    assert (grid[0][:, [0, 1, 2, 4]] == [0, 1, 2, 4]).all()
    assert (grid[1][:, 1:] == [1, 2, 3, 4]).all()
    assert z.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dimension", [5, -1, 10**9])
def test_a_dimension_that_there_is_not_is_refused(dimension):
    with pytest.raises(ExplorerError, match="this model has 5") as caught:
        traverse(np.zeros(5), [0, dimension], np.zeros((2, 3)))
    assert is_one_sentence(caught.value)


# --- what was moved -------------------------------------------------------------------------------


def test_moves_are_numbered_from_one_and_lie_over_a_latent():
    moves = moves_of_text("3:1.25,1:-0.5")
    assert moves == {2: 1.25, 0: -0.5}
    z = np.ones(4, np.float32)
    assert moved(z, moves).tolist() == [-0.5, 1, 1.25, 1]
    assert z.tolist() == [1, 1, 1, 1]
    assert moves_of_text("") == {}


@pytest.mark.parametrize(
    "text",
    [
        *("3", "3:", ":1", "0:1", "-1:1", "3:1e5", "3:nan", "3:inf", "3:1_0", "3: 1", "3:1,"),
        *("３:1", "3:٣", "123456:1", "3:1:2", "3:" + "9" * 400, "x" * 5000),
        ",".join(f"{n}:1" for n in range(1, MAX_MOVES + 2)),
    ],
)
def test_other_texts_are_refused_in_one_short_sentence(text):
    with pytest.raises(ExplorerError, match=r"3:1\.25,7:-0\.5") as caught:
        moves_of_text(text)
    assert is_one_sentence(caught.value)
    assert len(str(caught.value)) < 200


def test_a_moved_dimension_that_there_is_not_is_refused():
    with pytest.raises(ExplorerError, match="no dimension 21; this model has 20"):
        moved(np.zeros(20), {20: 1.0})


def test_a_moved_latent_decodes_as_the_latent_that_it_says():
    model = explorer.load("mnist-vae-20", "cpu")
    z = opened("mnist-vae-20").atlas.mean[7]
    expected = z.copy()
    expected[[2, 6]] = 1.25, -0.5
    assert np.array_equal(
        model.decode(moved(z, moves_of_text("3:1.25,7:-0.5"))[None]), model.decode(expected[None])
    )

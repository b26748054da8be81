"""The VQ-VAE against slow, independent computations: its codes, its gradients, its codebook."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.cluster import KMeans

from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.models import build
from explorer.models.vq_vae import DECAY, usage
from explorer.spec import ModelSpec, ObjectiveSpec
from tests.support import equal, first, generator, is_one_sentence, network

K, D, GRID = 16, 5, (7, 7)
FAIR = 20 * 49 / K  # vectors for each code, in a batch of 20 images


def untouched(**values):
    """A small VQ-VAE whose encoder's outputs are spread out, as after some training."""
    net = network("vq-vae", codebook_size=K, code_dim=D, **values)
    x, last = first(load_dataset("mnist-5k"), 200).float(), net.down[-1]
    with torch.no_grad():
        vectors = net.vectors(x).flatten(0, 1)
        last.weight.div_(vectors.std(0)[:, None, None, None])
        last.bias.sub_(vectors.mean(0)).div_(vectors.std(0))
    return net


def vq(**values):
    """The same with a codebook among the outputs, each code of which had its fair part so far."""
    net = untouched(**values)
    with torch.no_grad():
        net.codebook.copy_(torch.randn(K, D, generator=generator(1)))
        if net.spec.codebook == "ema":
            net.usage.fill_(FAIR)
    return net


@pytest.fixture
def net():
    return vq()


@pytest.fixture
def x(digits):
    return first(digits, 20).float()


def nearest(vectors: torch.Tensor, book: torch.Tensor) -> torch.Tensor:
    """The brute force: every distance to every code, in double precision."""
    difference = vectors.double()[..., None, :] - book.double()
    return difference.square().sum(-1).argmin(-1)


# --- codes ------------------------------------------------------------------------------------


def test_the_codes_are_the_nearest_by_brute_force_and_many_are_used(net, x):
    codes = net.codes(x)
    assert (codes.shape, codes.dtype) == ((20, *GRID), torch.int64)
    assert torch.equal(codes.flatten(1), nearest(net.vectors(x), net.codebook))
    assert len(codes.unique()) > K / 2


def test_the_latent_is_the_grid_of_codes_position_by_position(net, x):
    mean, codes = net.posterior(x).mean, net.codes(x)
    assert mean.shape == (20, 7 * 7 * D)
    assert torch.equal(mean.view(20, *GRID, D), net.codebook[codes])
    assert torch.equal(net.embed(codes), mean)


def test_a_code_belongs_to_its_place_in_the_image(net, x):
    """Changing the upper right corner of an image leaves the codes of the lower left alone."""
    other = x.clone()
    other[:, :, :4, -4:] = 1 - other[:, :, :4, -4:]
    before, after = net.codes(x), net.codes(other)
    assert torch.equal(before[:, -1, 0], after[:, -1, 0])
    assert not torch.equal(before[:, 0, -1], after[:, 0, -1])


@pytest.mark.parametrize("blocks", [0, 3])
def test_a_code_sees_ten_pixels_each_way_however_many_residual_blocks_there_are(x, blocks):
    """Two stride-2 convolutions of 4x4 see 10x10; the blocks stand in the decoder alone."""
    net, inside = vq(residual_blocks=blocks), torch.zeros(28, 28, dtype=torch.bool)
    inside[4 * 3 - 3 : 4 * 3 + 7, 4 * 3 - 3 : 4 * 3 + 7] = True
    x = x.clone().requires_grad_()
    net.vectors(x).unflatten(1, GRID)[:, 3, 3].sum().backward()
    seen = x.grad.abs().sum((0, 1)) > 0
    assert torch.equal(seen, inside)


@pytest.mark.parametrize(("blocks", "wide"), [(0, 3), (1, 5), (2, 7)])
def test_a_pixel_hears_of_one_more_code_each_way_with_every_residual_block(x, blocks, wide):
    net = vq(residual_blocks=blocks)
    z = net.posterior(x).mean.requires_grad_()
    net._decoded(z)[:, :, 13, 13].sum().backward()
    heard = z.grad.unflatten(1, (*GRID, D)).abs().sum((0, 3)) > 0
    expected = torch.zeros(GRID, dtype=torch.bool)
    expected[3 - wide // 2 : 4 + wide // 2, 3 - wide // 2 : 4 + wide // 2] = True
    assert torch.equal(heard, expected)


def test_another_code_in_the_upper_right_changes_the_picture_there_and_not_in_the_lower_left(
    net, x
):
    codes = net.codes(x)
    other = codes.clone()
    other[:, 0, -1] = (other[:, 0, -1] + 1) % K
    before, after = net.decode_codes(codes), net.decode_codes(other)
    torch.testing.assert_close(after[:, :, -8:, :8], before[:, :, -8:, :8])
    assert ((after - before)[:, :, :4, -4:].abs().amax((1, 2, 3)) > 1e-6).all()


def test_the_way_by_code_numbers_is_the_way_by_latents(net, x):
    expected = net.decode(net.posterior(x).mean)
    torch.testing.assert_close(net.decode_codes(net.codes(x)), expected)
    assert torch.equal(
        net.codes(x), net.nearest(net.posterior(x).mean.view(20, 49, D)).view(20, 7, 7)
    )


@pytest.mark.parametrize("size", [0.001, 0.5, 100.0])
def test_any_latent_is_decoded_by_its_nearest_codes(net, x, size):
    mean = net.posterior(x).mean
    z = mean + size * torch.randn(mean.shape, generator=generator())
    codes = nearest(z.view(20, *GRID, D), net.codebook)
    torch.testing.assert_close(net.decode(z), net.decode_codes(codes))
    assert torch.equal(codes, net.codes(x)) == (size < 0.01)


def test_a_latent_dimension_that_is_not_that_of_the_grid_is_one_sentence():
    with pytest.raises(ExplorerError, match=r"784 dimensions \(7 x 7 codes of 16\), not 20") as bad:
        build(ModelSpec(family="vq-vae", latent_dim=20), ObjectiveSpec())
    assert is_one_sentence(bad.value)


# --- the loss ---------------------------------------------------------------------------------


@pytest.mark.parametrize("codebook", ["ema", "loss"])
@pytest.mark.parametrize("weight", [0.0, 0.25, 3.0])
def test_the_gradient_of_the_decoder_goes_straight_through_and_the_commitment_joins_it(
    x, codebook, weight
):
    net = vq(codebook=codebook, commitment=weight)
    vectors = net.vectors(x).detach().requires_grad_()
    net.vectors = lambda seen: vectors
    net.loss(x).total.backward()

    chosen = net.codebook.detach()[nearest(vectors.detach(), net.codebook)].requires_grad_()
    net.reconstruction(x, net._decoded(chosen.flatten(1))).mean().backward()
    commitment = 2 * (vectors - chosen).detach() / len(x)
    torch.testing.assert_close(vectors.grad, chosen.grad + weight * commitment)
    assert chosen.grad.abs().max() > 0


def test_the_weight_of_the_commitment_reaches_the_loss(x):
    losses = [vq(commitment=weight).loss(x) for weight in (0.0, 2.0)]
    commitment = losses[0].extras["commitment"]
    assert commitment > 0.1
    torch.testing.assert_close(losses[0].total, losses[0].reconstruction.mean())
    torch.testing.assert_close(losses[1].total - losses[0].total, 2 * commitment)


def test_the_commitment_is_the_squared_distance_of_all_vectors_of_an_image(net, x):
    vectors = net.vectors(x).detach()
    chosen = net.codebook[nearest(vectors, net.codebook)]
    expected = sum(
        float((a - b) ** 2) for a, b in zip(vectors.flatten(), chosen.flatten(), strict=True)
    )
    measured = net.loss(x).extras["commitment"].item()
    assert measured == pytest.approx(expected / 20, rel=1e-4)


@pytest.mark.parametrize("codebook", ["ema", "loss"])
def test_a_batch_twice_over_has_the_loss_of_the_batch(x, codebook):
    """So it is neither summed over the batch nor divided by anything else than the images."""
    net = vq(codebook=codebook)
    once, twice = net.loss(x), net.loss(torch.cat([x, x]))
    torch.testing.assert_close(once.total, twice.total)
    for name in ("commitment", "perplexity", "dead_codes"):
        torch.testing.assert_close(once.extras[name], twice.extras[name])


def test_the_loss_codebook_is_drawn_to_its_vectors_and_by_nothing_else(x):
    net = vq(codebook="loss", commitment=7.0)
    net.loss(x).total.backward()
    vectors, expected = net.vectors(x).detach().flatten(0, 1), torch.zeros(K, D)
    for vector, code in zip(vectors, nearest(vectors, net.codebook), strict=True):
        expected[code] += 2 * (net.codebook.detach()[code] - vector) / len(x)
    torch.testing.assert_close(net.codebook.grad, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("codebook", ["ema", "loss"])
def test_a_codebook_comes_near_to_k_means_of_an_encoder_that_stands_still(x, codebook):
    net = vq(codebook=codebook)
    vectors = net.vectors(x).detach()
    net.vectors = lambda seen: vectors
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    start = net.loss(x).extras["commitment"].item()
    net.train()
    for step in range(250):
        adam.zero_grad()
        net.loss(x, generator=generator(step)).total.backward()
        adam.step()
    best = KMeans(K, random_state=0).fit(vectors.flatten(0, 1).numpy()).inertia_ / len(x)
    end = net.eval().loss(x).extras["commitment"].item()
    assert 0.99 * best < end < 1.5 * best < 0.6 * start


# --- the moving averages ----------------------------------------------------------------------


def test_the_moving_averages_are_those_of_a_slow_computation(net, digits):
    """N_k and m_k of van den Oord et al. 2017, eq. 6-8, kept apart in double precision."""
    book = net.codebook.double()
    counts = torch.full((K,), FAIR).double()
    sums = counts[:, None] * book
    net.train()
    for step in range(4):
        x = digits.split("train").float(20 * step, 20 * step + 20)
        vectors = net.vectors(x).detach().double().flatten(0, 1)
        codes = nearest(vectors, sums / counts[:, None])
        for k in range(K):
            mine = vectors[codes == k]
            counts[k] = DECAY * counts[k] + (1 - DECAY) * len(mine)
            sums[k] = DECAY * sums[k] + (1 - DECAY) * mine.sum(0)
        net.loss(x)
        torch.testing.assert_close(net.usage.double(), counts, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(net.codebook.double(), sums / counts[:, None], atol=1e-4, rtol=0)
    assert not torch.allclose(net.codebook.double(), book, atol=1e-3)


def test_the_codebook_starts_as_a_sample_of_the_encoders_outputs(x):
    net = untouched().train()
    vectors = net.vectors(x).detach().flatten(0, 1)
    counts = torch.bincount(nearest(vectors, net.codebook), minlength=K)
    net.loss(x, generator=generator())
    apart = torch.cdist(net.codebook, vectors, compute_mode="donot_use_mm_for_euclid_dist")
    sampled = apart.min(1).values < 1e-6
    # A code that got ten times its part by chance is the mean of its vectors instead.
    assert sampled[counts < 10 * len(vectors) / K].all()
    assert sampled.sum() > K / 2
    assert len(net.codebook.unique(dim=0)) > K / 2


@pytest.mark.parametrize(("usage_before", "steps"), [(0.0, 1), (FAIR, 240)])
def test_codes_that_nobody_uses_are_restarted_until_most_are_used(net, x, usage_before, steps):
    """Nine codes in ten far away: at once if they were dead already, else once they starved."""
    far = torch.arange(K) >= K // 10
    with torch.no_grad():
        net.codebook[far] = 1000.0
        net.usage.copy_(torch.where(far, usage_before, FAIR))
    assert net.loss(x).extras["dead_codes"] >= 0.9 * K
    net.train()
    for step in range(steps):
        net.loss(x, generator=generator(step))
    assert net.codebook.abs().max() < 10
    assert net.eval().loss(x).extras["dead_codes"] <= 0.3 * K


def test_a_rare_code_with_a_past_is_not_restarted(net, x):
    counts = torch.bincount(net.codes(x).flatten(), minlength=K)
    rare = (counts > 0) & (counts < 0.1 * FAIR)
    assert rare.any()
    before = net.codebook.clone()
    net.train().loss(x, generator=generator())
    assert (net.codebook - before)[rare].norm(dim=1).max() < 0.01


def test_the_generator_decides_which_vectors_dead_codes_become(x):
    books = []
    for seed in (1, 1, 2):
        net = untouched().train()
        net.loss(x, generator=generator(seed))
        books.append(net.codebook.clone())
    assert torch.equal(books[0], books[1])
    assert not torch.equal(books[1], books[2])


def test_nothing_but_a_loss_in_training_mode_advances_the_averages(net, x):
    def state():
        return {name: tensor.clone() for name, tensor in net.state_dict().items()}

    before = state()
    net.eval().loss(x)
    net.train()
    for _ in range(2):
        net.decode(net.posterior(x).mean)
        net.decode_codes(net.codes(x))
    assert equal(state(), before)
    net.loss(x)
    changed = {name for name, tensor in state().items() if not torch.equal(tensor, before[name])}
    assert changed == {"codebook", "usage"}


def test_no_gradient_reaches_a_codebook_of_moving_averages(net, x):
    assert "codebook" not in dict(net.named_parameters())
    assert "codebook" in net.state_dict()
    assert not net.loss(x).extras["commitment"].requires_grad


# --- usage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "perplexity", "dead"),
    [
        ([3] * 40, 1, 7),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, 0),
        ([0, 0, 5, 5], 2, 6),
        ([1, 1, 2, 4], 2**1.5, 5),
    ],
)
def test_perplexity_and_dead_codes_by_value(codes, perplexity, dead):
    measured = usage(torch.tensor(codes).view(2, -1), 8)
    assert measured["perplexity"].item() == pytest.approx(perplexity, rel=1e-5)
    assert measured["dead_codes"].item() == dead


def test_the_usage_on_a_loss_is_that_of_the_codes_of_the_batch(net, x):
    extras = net.loss(x).extras
    p = torch.stack([(net.codes(x) == k).double().mean() for k in range(K)])
    entropy = -sum(float(q) * math.log(q) for q in p if q > 0)
    assert extras["perplexity"].item() == pytest.approx(math.exp(entropy), rel=1e-4)
    assert extras["dead_codes"].item() == int((p == 0).sum())

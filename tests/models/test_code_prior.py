"""The prior over codes: its probabilities by hand, its samples against them, and its place."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

import explorer
from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent.index import projections_of
from explorer.loaded import network_of
from explorer.models import build, names
from explorer.models.code_prior import FREE
from explorer.serve import decode as channel
from explorer.spec import ModelSpec, ObjectiveSpec
from explorer.store import open_artefact, read_json, write_json
from explorer.training.images import open_data
from explorer.view import shell
from tests.support import first, generator, is_one_sentence


def prior(shape=(2, 3), codes=5, seed=0, **values):
    """A small prior in evaluation mode; its weights are so large that codes matter."""
    small = {"width": 16, "layers": 2, "heads": 2, **values}
    spec = ModelSpec(family="code-prior", image_shape=(1, *shape), codebook_size=codes, **small)
    net = build(spec, ObjectiveSpec(), seed).eval().requires_grad_(False)
    for weight in net.parameters():
        weight.mul_(2)
    return net


def grids(net, n: int, seed: int = 0) -> torch.Tensor:
    """Random code grids `(n, h * w)`."""
    size = (n, net.length)
    return torch.randint(net.spec.codebook_size, size, generator=generator(seed))


def before(net, codes: torch.Tensor) -> torch.Tensor:
    """The tokens that the scores of `codes` are read from: all but the last, after the start."""
    return torch.cat([torch.full_like(codes[:, :1], net.start), codes[:, :-1]], 1)


def all_grids(net) -> torch.Tensor:
    return torch.tensor(list(product(range(net.spec.codebook_size), repeat=net.length)))


# --- probabilities ----------------------------------------------------------------------------


def test_changing_a_code_changes_the_scores_of_later_ones_and_of_no_other():
    net = prior()
    codes = grids(net, 8)
    scores = net.scores(before(net, codes))
    for position in range(net.length):
        other = codes.clone()
        other[:, position] = (other[:, position] + 1) % 5
        changed = (net.scores(before(net, other)) - scores).abs().amax((0, 2)) > 1e-4
        assert changed.tolist() == [later > position for later in range(net.length)]


def test_nats_are_minus_the_log_of_the_product_of_each_codes_probability():
    net = prior()
    codes = grids(net, 4)
    for grid, nats in zip(codes.tolist(), net.nats(codes).tolist(), strict=True):
        by_hand, tokens = 0.0, [net.start]
        for code in grid:
            scores = net.scores(torch.tensor([tokens]))[0, -1].double()
            by_hand -= scores[code].item() - math.log(sum(map(math.exp, scores.tolist())))
            tokens.append(code)
        assert nats == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize(("shape", "codes"), [((1, 2), 3), ((2, 2), 2), ((1, 1), 7)])
def test_the_probabilities_of_all_grids_sum_to_1_and_differ(shape, codes):
    net = prior(shape, codes)
    p = torch.exp(-net.nats(all_grids(net)).double())
    assert len(p) == codes ** math.prod(shape)
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    assert p.max() > 1.5 * p.min()


def test_the_loss_is_the_mean_of_the_nats_and_watches_those_of_a_code():
    net = prior()
    codes = grids(net, 8)
    loss = net.loss(codes)
    assert torch.equal(loss.reconstruction, net.nats(codes))
    assert loss.total.item() == pytest.approx(net.nats(codes).mean().item())
    assert loss.kl.tolist() == [0.0] * 8
    assert loss.extras["nats_per_code"].item() == pytest.approx(loss.total.item() / 6)


def test_code_numbers_become_a_row_of_tokens_row_by_row():
    net = prior()
    codes = torch.tensor([[[[0, 1, 2], [3, 4, 0]]]], dtype=torch.int16)
    prepared = net.prepare(codes)
    assert prepared.dtype == torch.int64
    assert prepared.tolist() == [[0, 1, 2, 3, 4, 0]]


def test_dropout_is_for_training_alone():
    net = prior(dropout=0.5)
    codes = grids(net, 4)
    assert torch.equal(net.nats(codes), net.nats(codes))
    net.train()
    torch.manual_seed(0)
    assert not torch.equal(net.nats(codes), net.nats(codes))


def test_a_width_that_is_no_multiple_of_the_heads_is_one_sentence():
    with pytest.raises(ExplorerError, match="multiple of its 3 heads, but is 16") as caught:
        prior(heads=3)
    assert is_one_sentence(caught.value)


# --- learning ---------------------------------------------------------------------------------


def learned(net, codes: torch.Tensor, steps: int = 150) -> list[float]:
    """Train on all of `codes` at each step; the nats per image before and after."""
    net.requires_grad_().train()
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    costs = [net.nats(codes).mean().item()]
    for _ in range(steps):
        adam.zero_grad()
        net.loss(codes).total.backward()
        adam.step()
    net.eval().requires_grad_(False)
    return [*costs, net.nats(codes).mean().item()]


def test_constant_codes_are_learned_to_almost_nothing():
    net = prior()
    codes = torch.tensor([[4, 0, 3, 3, 1, 2]]).expand(32, -1)
    start, end = learned(net, codes)
    assert start > 5
    assert end < 0.05
    assert torch.equal(net.sample(32, generator()).flatten(1), codes)


def test_codes_that_follow_from_the_first_cost_no_more_than_the_first():
    """Grids of one number each, drawn from five: log 5 nats, all of them for the first code."""
    net = prior()
    codes = torch.arange(5).repeat(8)[:, None].expand(-1, 6)
    assert learned(net, codes)[1] == pytest.approx(math.log(5), abs=0.05)
    drawn = net.sample(200, generator()).flatten(1)
    assert (drawn == drawn[:, :1]).float().mean() > 0.97
    assert len(drawn[:, 0].unique()) == 5


# --- samples ----------------------------------------------------------------------------------


def scores_while_sampling(net, n: int, **values) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples `(n, h * w)` and the scores `(n, h * w, K)` that each code was drawn from."""
    kept = []
    handle = net.out.register_forward_hook(lambda layer, given, scores: kept.append(scores))
    codes = net.sample(n, generator(), **values).flatten(1)
    handle.remove()
    return codes, torch.stack(kept, 1)


@pytest.mark.parametrize("layers", [1, 3])
def test_each_code_is_drawn_from_the_scores_that_a_pass_without_kept_keys_gives(layers):
    net = prior((3, 4), 7, layers=layers)
    codes, scores = scores_while_sampling(net, 16)
    torch.testing.assert_close(scores, net.scores(before(net, codes)), atol=1e-4, rtol=1e-4)
    assert len(codes.unique(dim=0)) == 16


def test_sampling_is_that_of_a_slow_loop_over_whole_prefixes():
    net, noise = prior((3, 4), 7), generator(5)
    tokens = torch.full((16, 1), net.start)
    for _ in range(12):
        p = net.scores(tokens)[:, -1].softmax(1)
        tokens = torch.cat([tokens, torch.multinomial(p, 1, generator=noise)], 1)
    sampled = net.sample(16, generator(5))
    assert (sampled.shape, sampled.dtype) == ((16, 3, 4), torch.int64)
    assert torch.equal(sampled.flatten(1), tokens[:, 1:])


def test_grids_are_drawn_as_often_as_they_are_probable():
    net, n = prior((1, 2), 3), 20_000
    p = torch.exp(-net.nats(all_grids(net)))
    drawn = net.sample(n, generator()).flatten(1)
    counts = torch.bincount(drawn[:, 0] * 3 + drawn[:, 1], minlength=9)
    error = (p * (1 - p) / n).sqrt()
    assert ((counts / n - p).abs() < 4.5 * error).all()


def test_the_generator_alone_decides_what_is_drawn():
    net = prior((3, 4), 7)
    one, again, other = (net.sample(8, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_at_a_temperature_near_nothing_the_likeliest_code_follows_each_prefix():
    net = prior((3, 4), 7)
    codes = net.sample(4, generator(), temperature=1e-4).flatten(1)
    assert torch.equal(net.scores(before(net, codes)).argmax(2), codes)
    assert len(codes.unique(dim=0)) == 1


def test_a_temperature_divides_the_scores():
    net, n = prior((1, 1), 6), 20_000
    scores = net.scores(torch.tensor([[net.start]]))[0, 0]
    for temperature in (0.5, 1.0, 3.0):
        p = (scores / temperature).softmax(0)
        drawn = net.sample(n, generator(), temperature).flatten()
        share = torch.bincount(drawn, minlength=6) / n
        assert ((share - p).abs() < 4.5 * (p * (1 - p) / n).sqrt()).all()


def test_64_samples_cost_one_new_token_a_step_in_every_block():
    net = prior((7, 7), 16)
    seen = []
    for block in net.blocks:
        block.register_forward_pre_hook(lambda block, given: seen.append(given[0].shape))
    assert net.sample(64, generator()).shape == (64, 7, 7)
    assert seen == [(64, 1, 16)] * (49 * len(net.blocks))


# --- completions ------------------------------------------------------------------------------


def kept_where(codes: torch.Tensor, where: list[int]) -> torch.Tensor:
    """The codes `(h, w)` with all FREE but those at the positions `where`."""
    kept = torch.full_like(codes, FREE).flatten()
    kept[where] = codes.flatten()[where]
    return kept.view(codes.shape)


@pytest.mark.parametrize("particles", [1, 5])
@pytest.mark.parametrize("where", [[0, 1, 2, 3], [11], [0, 5, 6, 11], list(range(12)), []])
def test_kept_codes_come_back_exactly_and_the_others_vary(where, particles):
    net = prior((3, 4), 7)
    codes = grids(net, 1, seed=3).view(3, 4)
    drawn = net.sample(40, generator(), kept=kept_where(codes, where), particles=particles)
    assert drawn.shape == (40, 3, 4)
    assert (drawn.flatten(1)[:, where] == codes.flatten()[where]).all()
    assert (len(drawn.unique(dim=0)) > 5) == (len(where) < 12)


@pytest.mark.parametrize("particles", [1, 4])
def test_with_nothing_kept_the_same_generator_draws_the_same(particles):
    net = prior((3, 4), 7)
    nothing = torch.full((3, 4), FREE)
    drawn = net.sample(8, generator(2), kept=nothing, particles=particles)
    plain = net.sample(8 * particles, generator(2))[::particles]
    assert torch.equal(drawn, plain)


def distribution(net, kept: torch.Tensor) -> torch.Tensor:
    """p of each grid of `all_grids` when the codes of `kept` are known, by summing over all."""
    codes = all_grids(net)
    fits = ((kept.flatten() == FREE) | (codes == kept.flatten())).all(1)
    p = torch.exp(-net.nats(codes).double()) * fits
    return p / p.sum()


def frequencies(net, kept: torch.Tensor, n: int, particles: int) -> torch.Tensor:
    size = net.spec.codebook_size
    drawn = net.sample(n, generator(), kept=kept, particles=particles).flatten(1)
    number = (drawn * size ** torch.arange(net.length - 1, -1, -1)).sum(1)
    return torch.bincount(number, minlength=size**net.length).double() / n


def test_after_a_kept_first_part_the_rest_is_drawn_from_what_is_probable_then():
    net, n = prior((2, 2), 3), 20_000
    kept = torch.tensor([[2, 1], [FREE, FREE]])
    p = distribution(net, kept)
    error = (p * (1 - p) / n).sqrt()
    assert ((frequencies(net, kept, n, 1) - p).abs() <= 4.5 * error).all()
    assert (p > 0).sum() == 9


@pytest.mark.parametrize("kept", [[[FREE, FREE], [FREE, 1]], [[FREE, 0], [FREE, 2]]])
def test_particles_make_codes_before_a_kept_one_know_of_it(kept):
    net, kept = prior((2, 2), 3), torch.tensor(kept)
    p = distribution(net, kept)
    gap = [(frequencies(net, kept, 4000, m) - p).abs().sum().item() for m in (1, 100)]
    assert gap[1] < 0.1 < 0.3 < gap[0]


MASKS = {
    "top": list(range(28)),
    "bottom": list(range(21, 49)),
    "left": [i for i in range(49) if i % 7 < 4],
}


@pytest.mark.parametrize("half", MASKS)
def test_the_shipped_prior_completes_digits_to_likely_ones(half, digits):
    """Random codes in the free half are far less likely; particles help where the kept half
    comes later."""
    net = network_of(open_artefact("mnist-vq-vae-prior"), "cpu")
    decoder = explorer.load("mnist-vq-vae", "cpu").network
    with torch.inference_mode():
        real = decoder.codes(first(digits, 6).float())
        nats = {}
        for particles in (1, 16):
            drawn = [
                net.sample(2, generator(i), 1.0, kept_where(codes, MASKS[half]), particles)
                for i, codes in enumerate(real)
            ]
            nats[particles] = net.nats(torch.cat(drawn).flatten(1)).mean().item()
        free = torch.randint(128, real.shape, generator=generator())
        free.flatten(1)[:, MASKS[half]] = real.flatten(1)[:, MASKS[half]]
        random, whole = (net.nats(c.flatten(1)).mean().item() for c in (free, real))
    assert random > 1.6 * nats[1]
    assert nats[16] < 1.3 * whole
    if half != "top":
        assert nats[16] < nats[1] - 5


# --- its place --------------------------------------------------------------------------------


def test_a_run_on_the_codes_of_a_vq_vae_ends_as_a_prior_that_knows_them(put):
    card = put("prior", "codes").card
    assert card.kind == "prior"
    assert card.spec.data.codes_of == "codes"
    assert card.spec.model.image_shape == (1, 7, 7)
    assert card.spec.model.codebook_size == 16
    net, data = network_of(open_artefact("prior")), open_data(card.spec.data)
    codes = net.prepare(data.split("test").pixels)
    p = torch.bincount(data.pixels.flatten().long(), minlength=16) / data.pixels.numel()
    alone = torch.special.entr(p).sum().item()  # nats per code without any context
    assert net.nats(codes).mean().item() / 49 < 0.9 * alone < math.log(16)


def test_it_is_no_model_and_is_refused_where_one_is_asked_for(put, shipped, command):
    put("prior", "codes")
    assert "code-prior" not in names()
    assert names("prior") == ["code-prior"]
    assert [card.id for card in explorer.cards()] == ["codes"]
    with pytest.raises(ExplorerError, match="'prior' is a prior, not an autoencoder") as caught:
        explorer.load("prior", "cpu")
    assert is_one_sentence(caught.value)
    refusal = command("project", "prior")
    assert refusal.code == 2
    assert "'prior' is a prior" in refusal.err
    assert is_one_sentence(refusal.err)


def test_the_map_page_does_not_offer_it_even_with_a_map_beside_it(put, shipped):
    artefact = put("prior", "codes")
    atlas = atlases.load_for(open_artefact("codes"))
    folder = atlases.folder_for(artefact, atlas.name)
    atlases.save(atlas, folder)
    about = {"model": "prior", "weights_sha256": artefact.card.weights_sha256}
    parameters = folder / atlases.PARAMETERS
    write_json(parameters, read_json(parameters) | about)
    assert projections_of(artefact)
    assert list(shell.shelf().cards) == ["codes"]
    request = '{"seq":1,"kind":"image","model":"prior","dataset":"mnist-5k",'
    answer = channel.reply(request + '"projection":"pca","row":0}')
    assert b"is a prior, not an autoencoder" in answer
    assert np.frombuffer(answer[:20], "<u4").tolist() == [1, 0, 0, 0, 0]

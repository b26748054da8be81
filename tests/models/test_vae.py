"""The VAE's one merged head is two heads; its draws are those of its posterior."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from explorer.models import Posterior, build
from explorer.models.base import draw
from explorer.models.gaussian import LOGVAR_BOUND, split_gaussian
from tests.support import first, train_spec


@pytest.mark.parametrize("name", ["vae", "conv-vae"])
def test_one_merged_head_equals_two_separate_heads(name, digits):
    spec = train_spec(name)
    net = build(spec.model, spec.objective)
    merged = (net.encoder if name == "vae" else net.head)[-1]
    inputs = []
    merged.register_forward_pre_hook(lambda layer, args: inputs.append(args[0]))
    mean_head, logvar_head = nn.Linear(32, 3), nn.Linear(32, 3)
    mean_head.weight.data, mean_head.bias.data = merged.weight[:3], merged.bias[:3]
    logvar_head.weight.data, logvar_head.bias.data = merged.weight[3:], merged.bias[3:]

    x = first(digits, 16).float()
    posterior = net.posterior(x)
    [hidden] = inputs
    torch.testing.assert_close(posterior.mean, mean_head(hidden))
    raw = logvar_head(hidden)
    bounded = LOGVAR_BOUND * torch.tanh(raw / LOGVAR_BOUND)
    torch.testing.assert_close(posterior.logvar, bounded)


def test_the_bound_on_log_variances_changes_ordinary_ones_by_less_than_a_hundredth():
    raw = torch.linspace(-1.4, 1.4, 50)[:, None]
    logvar = split_gaussian(torch.cat([raw, raw], 1)).logvar
    assert (logvar - raw).abs().max() < 0.01
    assert (logvar.diff(dim=0) > 0).all()


def test_draws_have_the_mean_and_variance_of_the_posterior():
    mean, logvar = torch.tensor([[3.0, -1.0]]), torch.tensor([[0.0, -4.0]])
    many = Posterior(mean.expand(100_000, 2), logvar.expand(100_000, 2))
    z = draw(many, torch.Generator().manual_seed(0))
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.02, rtol=0)
    torch.testing.assert_close(z.var(0), logvar[0].exp(), atol=0, rtol=0.03)


def test_without_a_variance_the_draw_is_the_mean():
    mean = torch.ones(2, 3)
    assert draw(Posterior(mean, None)) is mean

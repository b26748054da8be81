"""Short words for what a page shows."""

import pytest

from explorer.models import names
from explorer.view.words import latent_words
from tests.support import network, train_spec


@pytest.mark.parametrize(
    ("family", "values", "words"),
    [
        ("vae", {"latent_dim": 1}, "1 number"),
        ("vae", {"latent_dim": 2}, "2 numbers"),
        ("conv-vae", {"latent_dim": 20}, "20 numbers"),
        ("pca", {"latent_dim": 64}, "64 numbers"),
        ("vq-vae", {}, "49 codes"),
        ("vq-vae", {"code_dim": 3, "channels": (4,)}, "196 codes"),
    ],
)
def test_an_image_becomes_numbers_or_codes(family, values, words):
    assert latent_words(train_spec(family, **values).model) == words


def test_as_many_codes_are_told_as_a_vq_vae_gives(digits):
    net = network("vq-vae", code_dim=5)
    count = net.codes(digits.split("all").float(0, 1)).numel()
    assert latent_words(net.spec) == f"{count} codes"


@pytest.mark.parametrize("family", [name for name in names() if name != "vq-vae"])
def test_every_other_family_has_as_many_numbers_as_latent_dimensions(family):
    assert latent_words(train_spec(family, latent_dim=7).model) == "7 numbers"

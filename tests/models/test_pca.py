"""PCA against numpy's SVD and scikit-learn, and as the floor of every linear autoencoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn import decomposition

from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.models import build, pca
from explorer.spec import ModelSpec, ObjectiveSpec
from explorer.training.events import Done, Epoch, Sample
from explorer.training.loop import Trainer
from tests.support import CPU, equal, first, is_one_sentence, part, train_spec

D, N = 12, 1000
MSE = ObjectiveSpec(reconstruction="mse")


@pytest.fixture(scope="module")
def images(digits):
    return first(digits, N)


@pytest.fixture(scope="module")
def flat(images) -> np.ndarray:
    """The images as doubles `(N, P)`."""
    return images.float().flatten(1).double().numpy()


@pytest.fixture(scope="module")
def net(images):
    return fitted(images)


def fitted(images, dim: int = D):
    network = build(ModelSpec(family="pca", latent_dim=dim), MSE)
    network.fit(images)
    return network.eval()


def test_the_components_are_the_right_singular_vectors_in_falling_order(net, flat):
    _, values, directions = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    cosines = net.components.double().numpy() @ directions[:D].T
    np.testing.assert_allclose(np.abs(cosines), np.eye(D), atol=1e-4)
    np.testing.assert_allclose(net.spread.numpy(), values[:D] / np.sqrt(N), rtol=1e-5)
    assert (net.spread.diff() < 0).all()


def test_the_components_are_orthonormal_each_with_its_largest_entry_positive(net):
    torch.testing.assert_close(net.components @ net.components.T, torch.eye(D))
    largest = net.components.abs().argmax(1, keepdim=True)
    assert (net.components.gather(1, largest) > 0).all()


def test_the_subspace_and_the_reconstruction_error_are_those_of_scikit_learn(net, images, flat):
    reference = decomposition.PCA(D, svd_solver="full").fit(flat)
    ours, theirs = net.components.double().numpy(), reference.components_
    np.testing.assert_allclose(ours.T @ ours, theirs.T @ theirs, atol=1e-4)
    np.testing.assert_allclose(net.mean.numpy(), reference.mean_, atol=1e-6)

    expected = reference.inverse_transform(reference.transform(flat)).clip(0, 1)
    with torch.no_grad():
        pictures = net.decode(net.posterior(images.float()).mean).flatten(1).numpy()
    np.testing.assert_allclose(pictures, expected, atol=1e-4)
    errors = ((flat - one) ** 2 for one in (pictures, expected))
    assert next(errors).mean() == pytest.approx(next(errors).mean(), rel=1e-5)


def test_the_codes_are_uncorrelated_around_zero_and_their_deviations_are_the_spread(net, images):
    with torch.no_grad():
        z = net.posterior(images.float()).mean.double()
    torch.testing.assert_close(z.mean(0), torch.zeros(D).double(), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), net.spread.double(), atol=1e-4, rtol=1e-4)
    assert z.T.corrcoef().fill_diagonal_(0).abs().max() < 1e-3


def test_encoding_undoes_decoding_before_the_clamp(net):
    z = torch.randn(20, D, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(net.posterior(net.logits(z)).mean, z, atol=1e-4, rtol=1e-4)


def test_pixels_are_clamped_to_0_and_1_and_not_squashed(net, images):
    with torch.no_grad():
        logits = net.logits(5 * net.posterior(images.float()).mean)
        pictures = net.link(logits)
    inside = (logits > 0) & (logits < 1)
    assert torch.equal(pictures[inside], logits[inside])
    assert (pictures[logits <= 0] == 0).all()
    assert (pictures[logits >= 1] == 1).all()
    assert (logits < 0).any()
    assert (logits > 1).any()


@pytest.mark.parametrize("chunk", [1, 7, 999, 1000])
def test_fitting_in_chunks_is_fitting_at_once(net, images, monkeypatch, chunk):
    monkeypatch.setattr(pca, "CHUNK", chunk)
    again = fitted(images)
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, atol=1e-5, rtol=1e-5)


def test_more_components_leave_less_error_and_all_of_them_leave_none(digits):
    images = first(digits, N)
    small = replace(images, pixels=images.pixels[:, :, 10:18, 10:18])
    x, errors = small.float(), []
    for dim in (1, 8, 32, 64):
        network = build(ModelSpec(family="pca", latent_dim=dim, image_shape=(1, 8, 8)), MSE)
        network.fit(small)
        with torch.no_grad():
            errors.append((x - network.decode(network.posterior(x).mean)).square().mean().item())
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.01
    assert errors[-1] < 1e-9


def test_identical_images_have_no_spread_and_come_back_exactly(images):
    same = images.take(torch.zeros(50, dtype=torch.int64))
    network = fitted(same, dim=3)
    with torch.no_grad():
        pictures = network.decode(network.posterior(same.float()).mean)
    torch.testing.assert_close(pictures, same.float(), atol=1e-5, rtol=0)
    assert network.spread.max() < 1e-5
    torch.testing.assert_close(network.components @ network.components.T, torch.eye(3))


# --- what cannot be ---------------------------------------------------------------------------


def test_more_components_than_pixels_are_refused_in_one_sentence():
    with pytest.raises(ExplorerError, match="784 pixels has at most 784") as caught:
        build(ModelSpec(family="pca", latent_dim=785), MSE)
    assert is_one_sentence(caught.value)


def test_large_images_have_nearly_the_directions_that_the_whole_covariance_gives(
    images, monkeypatch
):
    mean, exact, variance = pca.leading_directions(images, 8)
    monkeypatch.setattr(pca, "EXACT", 100)
    again, found, also = pca.leading_directions(images, 8)
    torch.testing.assert_close(again, mean)
    torch.testing.assert_close(also, variance, rtol=1e-4, atol=0)
    overlap = torch.linalg.svdvals(exact @ found.T)  # 1: the same subspace
    assert overlap.min() > 0.999
    torch.testing.assert_close(found @ found.T, torch.eye(8, dtype=torch.float64))


def test_colour_images_of_64_pixels_a_side_are_fitted():
    faces = load_dataset("faces").split("train").take(slice(0, 300))
    spec = ModelSpec(family="pca", latent_dim=6, image_shape=(3, 64, 64))
    net = build(spec, MSE)
    net.fit(faces)
    x = faces.float()
    left = (x - net.decode(net.posterior(x).mean)).square().mean()
    assert left < 0.6 * (x - x.mean(0)).square().mean()


@pytest.mark.parametrize("n", [0, 5, 12])
def test_no_more_images_than_components_are_refused_in_one_sentence(images, n):
    with pytest.raises(ExplorerError, match=f"more than that many images.*there are {n}") as caught:
        fitted(images.take(slice(0, n)))
    assert is_one_sentence(caught.value)


def test_cross_entropy_is_refused_in_one_sentence():
    with pytest.raises(ExplorerError, match="choose the reconstruction mse") as caught:
        build(ModelSpec(family="pca"), ObjectiveSpec(reconstruction="bce"))
    assert is_one_sentence(caught.value)


# --- training ---------------------------------------------------------------------------------


def test_training_is_one_fit_one_epoch_and_its_pictures(digits):
    dataset = part(digits, 500, 100)
    fit, validation = dataset.fit_and_validation()
    trainer = Trainer(train_spec("pca", latent_dim=D), fit, validation, CPU)
    events = list(trainer.events())
    assert [type(event) for event in events] == [Epoch, Sample, Done]
    epoch, _, done = events
    assert (done.reason, done.best_epoch, epoch.best) == ("finished", 1, True)

    network = fitted(fit)
    for name, tensor in network.state_dict().items():
        # The trainer flushes denormal numbers, so not to the last bit.
        torch.testing.assert_close(trainer.model.state_dict()[name], tensor, atol=1e-6, rtol=1e-5)
    assert equal(trainer.best.weights, trainer.model.state_dict())
    for images, averages in ((fit, epoch.train), (validation, epoch.validation)):
        x = images.float()
        with torch.no_grad():
            picture = network.decode(network.posterior(x).mean)
        expected = network.reconstruction(x, picture).double().mean().item()
        assert averages.total == averages.reconstruction == pytest.approx(expected, rel=1e-5)


def test_no_linear_autoencoder_has_a_smaller_error_on_the_images_that_both_were_given(digits):
    dataset = part(digits, N, 50)
    fit, _ = dataset.fit_and_validation()
    x = fit.float()

    def error(network) -> float:
        """Of the linear output, which no sigmoid and no clamp helps."""
        with torch.no_grad():
            return (x - network.logits(network.posterior(x).mean)).square().mean().item()

    linear = build(ModelSpec(family="autoencoder", latent_dim=D, hidden=()), MSE)
    adam = torch.optim.Adam(linear.parameters(), lr=1e-2)
    for _ in range(300):
        adam.zero_grad()
        (x - linear.logits(linear.posterior(x).mean)).square().sum((1, 2, 3)).mean().backward()
        adam.step()
    best = error(fitted(fit))
    assert best <= error(linear)
    assert error(linear) < 1.1 * best  # so the comparison is with one that has learned

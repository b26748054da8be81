"""The public face of a trained model: numpy or tensors in, the same kind out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer import device as devices
from explorer import store
from explorer.errors import ExplorerError
from explorer.models.base import Array, Autoencoder, Posterior
from explorer.models.network import Network
from explorer.models.registry import build
from explorer.models.vq_vae import VQVAE


class Model:
    """A trained model, in evaluation mode, on one device. Safe to share between threads.

    `card` says what it is and what it measures; `network` is the torch module behind it.
    """

    def __init__(self, card: store.Card, network: Autoencoder, device: torch.device) -> None:
        self.card = card
        self.network = network
        self.device = device

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def latent_dim(self) -> int:
        return self.card.spec.model.latent_dim

    @property
    def conditional(self) -> bool:
        """Whether `encode` and `decode` have to be told the class of each row."""
        return self.network.conditional

    @torch.inference_mode()
    def encode(self, images: Array, labels: Array | None = None) -> Posterior[Array]:
        """q(z|x) of images `(N, C, H, W)` or `(N, H, W)`: floats in [0, 1], or bytes 0-255.

        Returns `mean (N, D)` and `logvar (N, D)` (None for a deterministic encoder), as numpy
        arrays when `images` is one. Raises ExplorerError for another shape or values beyond [0, 1].
        """
        x = self._images(images)
        posterior = self.network.posterior(x, self._labels(labels, len(x)))
        logvar = None if posterior.logvar is None else _like(posterior.logvar, images)
        return Posterior(_like(posterior.mean, images), logvar)

    @torch.inference_mode()
    def decode(self, z: Array, labels: Array | None = None) -> Array:
        """Images `(N, C, H, W)` float32 in [0, 1] of latents `(N, D)`.

        Raises ExplorerError for another number of dimensions or values that are not finite.
        """
        latents = _tensor(z).to(self.device, torch.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ExplorerError(
                f"'{self.id}' decodes latents of shape (N, {self.latent_dim}), but got "
                f"{tuple(latents.shape)}."
            )
        if not torch.isfinite(latents).all():
            raise ExplorerError("A latent holds values that are not finite numbers.")
        return _like(self.network.decode(latents, self._labels(labels, len(latents))), z)

    @torch.inference_mode()
    def codes(self, z: np.ndarray) -> np.ndarray | None:
        """The code numbers `(N, h, w)` of latents `(N, D)`; None for a model without a codebook."""
        if not isinstance(self.network, VQVAE):
            return None
        return self.network.codes_of_latents(_tensor(z).to(self.device)).cpu().numpy()

    @torch.inference_mode()
    def as_read(self, z: np.ndarray) -> np.ndarray:
        """Latents `(N, D)` as the decoder reads them: those of a VQ-VAE become the vectors of their
        nearest codes, all others stay."""
        if not isinstance(self.network, VQVAE):
            return z
        codes = self.network.codes_of_latents(_tensor(z).to(self.device))
        return self.network.embed(codes).cpu().numpy()

    def _images(self, images: Array) -> Tensor:
        x = _tensor(images)
        x = x.to(torch.float32) / 255 if x.dtype == torch.uint8 else x.to(torch.float32)
        x = x[:, None] if x.ndim == 3 else x
        if x.ndim != 4 or tuple(x.shape[1:]) != self.card.spec.model.image_shape:
            raise ExplorerError(
                f"'{self.id}' takes images of shape (N, C, H, W) = "
                f"(N, {', '.join(map(str, self.card.spec.model.image_shape))}), but got "
                f"{tuple(_tensor(images).shape)}."
            )
        if len(x) and not (x.min() >= 0 and x.max() <= 1):
            raise ExplorerError("Images must hold values in [0, 1], or bytes 0-255 (uint8).")
        return x.to(self.device)

    def _labels(self, labels: Array | None, n: int) -> Tensor | None:
        if labels is None:
            return None
        values = _tensor(labels).to(self.device)
        if len(values) != n:
            raise ExplorerError(f"There are {len(values)} labels for {n} rows.")
        return values


def load(name_or_path: str | Path, device: str = "auto") -> Model:
    """See `explorer.load`."""
    return from_artefact(store.open_artefact(name_or_path), device)


def from_artefact(artefact: store.Artefact, device: str = "auto") -> Model:
    """The model of an artefact. Raises ExplorerError for a damaged one, or one of another kind."""
    network = network_of(artefact, device)
    if not isinstance(network, Autoencoder):
        raise ExplorerError(
            f"'{artefact.id}' is a {artefact.card.kind}, not an autoencoder; it works behind one."
        )
    return Model(artefact.card, network, network.device)


def network_of(artefact: store.Artefact, device: str = "auto") -> Network:
    """Rebuild a network of any kind from its card, then read its checked weights."""
    spec = artefact.card.spec
    try:
        network = build(spec.model, spec.objective)
    except ExplorerError as error:
        raise ExplorerError(f"'{artefact.id}' cannot be opened: {error}") from error
    try:
        network.load_state_dict(store.read_weights(artefact))
    except RuntimeError as error:
        raise ExplorerError(
            f"The weights of '{artefact.id}' do not fit the model that its card describes; "
            "restore the folder or train again."
        ) from error
    return network.to(devices.resolve(device)).eval().requires_grad_(False)


def _tensor(array: Array) -> Tensor:
    """`array` as a tensor; mirrored and read-only arrays, which torch does not take, are copied."""
    if isinstance(array, np.ndarray):
        array = np.require(array, requirements=["C", "W"])
    return torch.as_tensor(array)


def _like(tensor: Tensor, example: Array) -> Array:
    """`tensor` as the kind of `example`: a numpy array, or a tensor on its device."""
    if isinstance(example, np.ndarray):
        return tensor.cpu().numpy()
    return tensor.to(example.device) if isinstance(example, Tensor) else tensor

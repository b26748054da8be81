"""What can be done on the Generate page: one task for each way to make new images."""

from __future__ import annotations

from explorer import store
from explorer.view import codes, denoise, errors, round_trip
from explorer.view.classes import classes
from explorer.view.manifold import manifold
from explorer.view.samples import samples
from explorer.view.task import Task


def _always(card: store.Card) -> str:
    return ""


def _only_on_a_plane(card: store.Card) -> str:
    dimensions = card.spec.model.latent_dim
    if dimensions == 2:
        return ""
    return (
        f"{card.title} has {dimensions} latent dimensions; a whole latent space fits onto one "
        "picture only if it has two. Open a model that has:"
    )


def _only_told(card: store.Card) -> str:
    if card.spec.model.classes:
        return ""
    return (
        f"{card.title} was never told a class, so it cannot be asked for one. Open a conditional "
        "model, whose decoder is told what to draw:"
    )


def _has_codes(card: store.Card) -> str:
    if card.spec.model.family == "vq-vae":
        return ""
    return f"The latent of {card.title} has no codes; that of a VQ-VAE is a map of them. Open one:"


# In the order in which they are offered; names as the address has them.
TASKS: dict[str, Task] = {
    "samples": Task(
        "Samples",
        "New images from the prior, beside those of a density fit to the encodings.",
        _always,
        samples,
    ),
    "manifold": Task(
        "Manifold",
        "The whole latent plane of a 2-D model as one picture that can be zoomed.",
        _only_on_a_plane,
        manifold,
    ),
    "classes": Task(
        "Classes",
        "One latent as every class, the style of an image, and classes mixed.",
        _only_told,
        classes,
    ),
    "codes": Task(
        "Paint with codes",
        "The latent of a VQ-VAE is a map of codes: paint it, and let the prior complete it.",
        _has_codes,
        codes.draw,
    ),
    "denoise": Task(
        "Denoise",
        "An image in noise, as the model cleans it and as a median filter does.",
        _always,
        denoise.draw,
    ),
    "trip": Task(
        "Round trip",
        "Decoded and encoded again and again: where an image goes, and whether it comes to rest.",
        _always,
        round_trip.draw,
    ),
    "errors": Task(
        "Errors",
        "How well each image is drawn: what stands out is unlike what the model was trained on.",
        _always,
        errors.draw,
    ),
}

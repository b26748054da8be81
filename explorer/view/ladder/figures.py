"""The figures of a comparison: which there are, what each means, and whether two models' can be
held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explorer import store


@dataclass(frozen=True)
class Figure:
    """A figure of a card by its id: its `title`, what it says in plain words (`help`), with how
    many `digits` it is written."""

    id: str
    title: str
    help: str
    digits: int = 1


FIGURES = (
    Figure(
        "kl",
        "Rate (KL)",
        "How much the latent carries: the KL divergence of the posterior from the prior, in nats "
        "for each image. Fewer nats: a cheaper, coarser description.",
    ),
    Figure(
        "reconstruction",
        "Distortion (reconstruction)",
        "What is lost: the negative log-likelihood of an image given its latent, in nats. Less is "
        "sharper.",
    ),
    Figure(
        "negative_elbo",
        "−ELBO (rate + distortion)",
        "The price of an image in all, an upper bound of its negative log-likelihood, in nats. "
        "Whatever beta a model was trained with, this is with beta 1.",
    ),
    Figure(
        "is_nll",
        "Likelihood, importance-weighted",
        "A tighter bound of the negative log-likelihood than −ELBO, from many posterior samples.",
    ),
    Figure(
        "above_grey_floor",
        "−ELBO above the floor",
        "Grey pixels have an entropy that no model can go below with cross-entropy; this is what "
        "is above it, in nats.",
    ),
    Figure("mse", "Squared error", "The mean squared difference between a pixel and its "
           "reconstruction from the posterior mean. It can be compared between all models.", 4),
    Figure(
        "active_units",
        "Active dimensions",
        "Dimensions whose posterior mean varies from image to image by more than 0.01; the others "
        "have collapsed onto the prior and carry nothing.",
        0,
    ),
    Figure(
        "mutual_information",
        "Mutual information",
        "The part of the KL that tells images apart: I(x; z) under the encoder, in nats.",
        2,
    ),
    Figure(
        "total_correlation",
        "Total correlation",
        "The part of the KL by which the dimensions depend on each other, in nats; 0 where they "
        "are independent.",
        2,
    ),
    Figure(
        "dimension_wise_kl",
        "Dimension-wise KL",
        "The part of the KL by which each dimension by itself differs from the prior, in nats.",
        2,
    ),
    Figure("mig", "MIG", "Mutual information gap (Chen et al. 2018): for each known factor, by how "
           "much the best dimension knows more of it than the second best. 0 to 1.", 3),
    Figure("sap", "SAP", "Separated attribute predictability (Kumar et al. 2018): the same gap, "
           "measured by how well one dimension alone predicts a factor. 0 to 1.", 3),
    Figure("dci_disentanglement", "DCI disentanglement", "Whether each dimension tells of one "
           "factor only (Eastwood and Williams 2018). 0 to 1.", 3),
    Figure("dci_completeness", "DCI completeness", "Whether each factor is told by one dimension "
           "only (Eastwood and Williams 2018). 0 to 1.", 3),
    Figure("factor_vae", "FactorVAE score", "How often the dimension that varies least names the "
           "factor that was held (Kim and Mnih 2018). Chance to 1.", 3),
    Figure("beta_vae", "BetaVAE score", "How often a linear classifier names the factor that was "
           "held (Higgins et al. 2017). Chance to 1.", 3),
    Figure("modularity", "Modularity", "Whether each dimension depends on one factor at most "
           "(Ridgeway and Mozer 2018). 0 to 1.", 3),
    Figure("gaussian_tc", "Gaussian total correlation", "How far the dimensions depend on each "
           "other, taken as jointly Gaussian, in nats; needs no factors.", 2),
    Figure("knn_accuracy", "Nearest-neighbour accuracy", "How often the classes of the nearest "
           "latents name the class of an image.", 1),
    Figure("linear_probe_accuracy", "Linear probe", "How often a linear classifier of the latents "
           "names the class of an image.", 1),
    Figure("frechet", "Fréchet distance", "How far samples are from images in the features of our "
           "own classifier, both taken as Gaussian. Less is nearer.", 0),
    Figure("precision", "Precision of samples", "The share of samples that lie among images.", 1),
    Figure("recall", "Recall of samples", "The share of images that lie among samples.", 1),
    Figure("trustworthiness", "Trustworthiness of the map", "Whether neighbours on the map are "
           "neighbours in the latent space. 0 to 1.", 3),
)  # fmt: skip
# What is measured by the reconstruction term; see `comparable`.
IN_ITS_TERM = ("reconstruction", "negative_elbo", "is_nll", "above_grey_floor")
NOT_COMPARABLE = (
    "These models' reconstruction terms differ (cross-entropy, or squared error of one or another "
    "variance): their nats have different zeros and do not stand on one scale."
)


def comparable(cards: Sequence[store.Card]) -> bool:
    """Whether the reconstruction terms of some models are one and the same: then their nats can be
    held against each other."""
    terms = set()
    for card in cards:
        objective = card.spec.objective
        gaussian = objective.reconstruction == "mse"
        terms.add((objective.reconstruction, objective.variance if gaussian else None))
    return len(terms) == 1


def figures(cards: Sequence[store.Card]) -> list[Figure]:
    """Those figures that some of the cards have, in the order of the table."""
    return [one for one in FIGURES if any(one.id in card.metrics for card in cards)]

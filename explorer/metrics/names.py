"""What the figures of a card are called and what they tell, by their short ids. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    """A figure's `title`, and in one sentence what it `tells`."""

    title: str
    tells: str


# Taken of every model that has them; see `explorer.metrics.measure`.
BASIC = {
    "negative_elbo": Name("−ELBO", "Reconstruction + KL: lower is better."),
    "reconstruction": Name("Reconstruction", "What the decoder misses of an image."),
    "kl": Name("KL", "How much the latent tells of an image, the rate."),
    "above_grey_floor": Name("Above the floor", "−ELBO above the least that grey pixels allow."),
    "is_nll": Name("Importance-weighted bound", "A tighter bound than the ELBO."),
    "active_units": Name("Active units", "Dimensions whose mean varies between images."),
    "mse": Name("Squared error", "Of the reconstruction from the posterior mean."),
    "silent": Name("Silent latents", "The share of latents near zero."),
    "denoised_mse": Name("Denoised error", "Against the clean image."),
    "median_filter_mse": Name("Median filter's error", "Of the same noisy images."),
    "denoising_ratio": Name("Denoising ratio", "Of the median filter's error."),
    "codes_used": Name("Codes used", "At least once over all images."),
    "perplexity": Name("Perplexity", "How many codes are used, by how often each is."),
    "read_as_asked": Name("Read as asked", "Samples in which our classifier reads their class."),
    "accuracy": Name("Accuracy", "Images whose class is read right."),
    "nats": Name("Nats", "What the prior over codes needs for a grid."),
    "nats_per_code": Name("Nats per code", "What the prior over codes needs for one."),
    "read_surely": Name("Read surely", "Samples in which our classifier is sure of a class."),
}
# Taken when they are asked for; see `explorer.metrics.catalogue`.
FURTHER = {
    "mutual_information": Name("Mutual information", "Of images and latents, a part of the KL."),
    "total_correlation": Name("Total correlation", "How dimensions depend, a part of the KL."),
    "dimension_wise_kl": Name("Dimension-wise KL", "Of each dimension to the prior, the rest."),
    "gaussian_tc": Name("Gaussian total correlation", "How correlated the posterior means are."),
    "udr": Name("UDR", "Whether models of other seeds found the same dimensions."),
    "mig": Name("MIG", "How much more one dimension knows of a factor than any other."),
    "sap": Name("SAP", "How much better one dimension predicts a factor than any other."),
    "dci_disentanglement": Name("DCI disentanglement", "Each dimension serves one factor."),
    "dci_completeness": Name("DCI completeness", "Each factor is in one dimension."),
    "dci_informativeness": Name("DCI informativeness", "How well the factors are predicted."),
    "factor_vae": Name("FactorVAE score", "The dimension that varies least tells what is fixed."),
    "beta_vae": Name("BetaVAE score", "A linear classifier tells which factor is fixed."),
    "modularity": Name("Modularity", "Each dimension knows of one factor only."),
    "knn_accuracy": Name("kNN accuracy", "The nearest latents tell the class."),
    "linear_probe_accuracy": Name("Linear probe accuracy", "A linear reader tells the class."),
    "frechet": Name("Fréchet distance", "Of samples to test images, in our classifier's features."),
    "precision": Name("Precision", "Samples that lie where real images do."),
    "recall": Name("Recall", "Real images that lie where samples do."),
    "trustworthiness": Name("Trustworthiness", "Neighbours on the map that are true ones."),
}
NAMES = BASIC | FURTHER

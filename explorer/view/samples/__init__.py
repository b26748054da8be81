"""Samples of a model's prior and of the density fit to its encodings, as a component."""

from explorer.view.samples.samples import samples

__all__ = ["samples"]

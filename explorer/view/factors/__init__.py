"""Metrics: what each dimension knows of each factor, and all figures of the compared models."""

from explorer.view.factors.factors import draw

__all__ = ["draw"]

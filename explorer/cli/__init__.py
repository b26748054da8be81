"""The commands behind `python -m explorer`, each a thin front of the package."""

from explorer.cli import evaluate, library, sweep, train  # noqa: F401  (each registers its commands)
from explorer.cli.base import app

__all__ = ["app"]

"""Models that a page could show, and a first view of one of them."""

from explorer.latent.polygon import polygon_to_text
from explorer.view.shown import Shown
from explorer.view.state import ViewState

DIGITS = {"sets": (("mnist-5k", 5000),), "totals": {"mnist-5k": 5000}}
COLOURS = {"label": "Class", "error": "Error", "kl": "KL"}
MODELS = {
    "two": Shown(**DIGITS, projections=("raw",), colours=COLOURS, trust={"density": "Density"}),
    "twenty": Shown(
        (("mnist-5k", 5000), ("mnist", 70_000)),
        {"mnist-5k": 5000, "mnist": 70_000},
        ("umap", "tsne", "pca"),
        colours=COLOURS,
    ),
    "other": Shown((("faces", 100), ("faces", 400)), {"faces": 400}, ("umap", "pca")),
    "told": Shown(**DIGITS, projections=("raw",), classes=tuple("0123456789")),
    "told-few": Shown(**DIGITS, projections=("raw", "pca"), classes=("even", "odd")),
}
SHAPE = polygon_to_text([[0, 0], [1, 0], [0.5, 2]])
# The view that an empty address opens.
FIRST = ViewState("two", "mnist-5k", 5000, "raw")

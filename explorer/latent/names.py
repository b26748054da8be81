"""What projections and the images of a map are called; needs no torch."""

from explorer.spec import DataSpec

# The projections by name, in the order in which a chooser offers them.
METHOD_TITLES = {"raw": "Raw latent", "umap": "UMAP", "tsne": "t-SNE", "pca": "PCA"}
# Before the id of the model whose own folder of images is meant.
OWN = "images-of-"


def name_for_map(artefact_id: str, spec: DataSpec) -> str:
    """What the images of a model's map are called: the data set, or `images-of-<model>` for a
    folder, which only the model's card can find again."""
    if spec.path is not None:
        return OWN + artefact_id
    return "mnist-5k" if spec.name == "mnist" else spec.name

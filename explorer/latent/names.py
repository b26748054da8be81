"""The projections by name, in the order in which a chooser offers them."""

METHOD_TITLES = {"raw": "Raw latent", "umap": "UMAP", "tsne": "t-SNE", "pca": "PCA"}

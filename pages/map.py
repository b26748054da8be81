"""Walk the plane: every place of a model's latent space, decoded under the pointer."""

from math import prod

import streamlit as st

from explorer.latent.names import METHOD_TITLES
from explorer.view import shell
from explorer.view.plane import plane
from explorer.view.state import LAYERS
from explorer.view.words import latent_words

models = shell.shelf()
shell.head(
    "Move or drag over the map: the decoder draws what lies there. Click a point to keep its "
    "image, or between points to keep the place."
)


@st.fragment
def explore() -> None:
    view = shell.current(models)
    spec, shown = models.cards[view.model].spec.model, models.shown[view.model]
    pixels, latent = f"{prod(spec.image_shape):,} pixels", latent_words(spec)
    shell.notices(models)
    model, projection, layer, *told = st.columns([2, 1.3, 1.3] + [1.1] * bool(shown.classes))
    with model:
        shell.chooser(
            "Model",
            {name: one.title for name, one in models.cards.items()},
            view.model,
            lambda name: shell.show(shell.on_an_image(view).with_model(name, models.shown[name])),
            key="model",
            help="Each model has learned its own latent space. The same image stays chosen.",
        )
    with projection:
        shell.chooser(
            "Projection",
            {name: METHOD_TITLES[name] for name in shown.projections},
            view.projection,
            lambda name: shell.show(shell.on_an_image(view).with_projection(name)),
            key="projection",
            help="How the latents are laid out on the plane. A 2-D latent is shown as it is; above "
            "two dimensions UMAP and t-SNE keep neighbours together, PCA keeps large distances.",
        )
    with layer:
        shell.chooser(
            "Show",
            LAYERS,
            view.layer,
            lambda name: shell.show(view.with_layer(name)),
            key="layer",
            help="Points are encoded images. Decoded images show what the decoder makes of each "
            "place of the plane.",
        )
    if shown.classes:
        with told[0]:
            shell.chooser(
                "Class",
                {"": "The image's own"} | {str(i): name for i, name in enumerate(shown.classes)},
                "" if view.label is None else str(view.label),
                lambda name: shell.show(view.with_label(int(name) if name else None)),
                key="label",
                help="This model is told the class of what it draws. Choose one to draw every "
                "place, and every image's style, as that class.",
            )
    plane(
        {
            "model": view.model,
            "dataset": view.dataset,
            "projection": view.projection,
            "layer": view.layer,
            "row": view.row,
            "place": view.place,
            "label": view.label,
            "encoderNote": f"{pixels}\nto {latent}",
            "decoderNote": f"{latent}\nto {pixels}",
        },
        on_commit=keep,
    )


def keep() -> None:
    """A click on the plane: on a point (its image) or beside (a place)."""
    view, commit = shell.current(models), st.session_state["plane"].commit
    if commit and "row" in commit:
        shell.show(view.at_row(int(commit["row"])))
    elif commit:
        shell.show(view.at_place(*commit["place"]))


explore()

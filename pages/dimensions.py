"""Turn the knobs: a slider for each dimension of a latent, with what it does as its track."""

import streamlit as st

from explorer.view import settings, shell
from explorer.view.shown import Shown
from explorer.view.sliders import sliders
from explorer.view.state import ViewState

STRIPS = (
    "Drag a strip: each moves one number of the latent and holds all others, and the decoder "
    "draws what comes of it. What carries most stands first."
)
CODES = (
    "The latent of this model is a grid of codes: it has no dimensions to turn, but cells to paint."
)


@st.fragment
def turn() -> None:
    models = shell.shelf()  # anew each time: a model may have been made since
    view = shell.current(models)
    spec, shown = models.cards[view.model].spec.model, models.shown[view.model]
    shell.head(CODES if spec.family == "vq-vae" else STRIPS)
    shell.top(models)
    choosers(models, view, shown)
    if spec.family == "vq-vae":
        codes_instead(view)
        return
    made = shown.made(view)
    flat = "raw" if spec.latent_dim == 2 else "pca"  # a map that is made with every atlas
    sliders(
        {
            "model": view.model,
            "dataset": view.dataset,
            "count": view.count,
            "projection": view.projection if view.projection in made else flat,
            "subject": view.subject,
            "start": view.start,
            "moved": view.moved,
            "order": view.order,
            "label": view.label,
            "neighbours": view.neighbours,
            "metric": view.metric,
            "posterior": view.posterior,
            "table": view.table,
            "dead": view.dead,
            "title": models.cards[view.model].title,
        },
        on_commit=lambda: shell.take(shell.shelf(), st.session_state["sliders"].commit),
    )


def choosers(models: shell.Shelf, view: ViewState, shown: Shown) -> None:
    """The row above the sliders."""
    columns = st.columns(
        [2, 1.3, *([1.1] if shown.classes else []), 2], vertical_alignment="bottom"
    )
    with columns[0]:
        settings.model_chooser(models, view)
    with columns[1]:
        settings.images_chooser(view, shown)
    if shown.classes:
        with columns[2]:
            settings.told(view, shown)


def codes_instead(view: ViewState) -> None:
    """A VQ-VAE has no dimensions to turn."""
    st.info(
        "The latent of a VQ-VAE is a grid of codes, each the number of an entry in its codebook: "
        "there is no dimension to slide along. Paint with its codes instead, or choose another "
        "model above."
    )
    about = "The page Generate: swap single codes and see what they draw"
    if st.button("Paint with its codes", type="primary", key="paint", help=about):
        painting = view.changed(task="codes").to_query("generate")
        st.switch_page("pages/generate.py", query_params=painting)


turn()

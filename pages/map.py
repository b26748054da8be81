"""Walk the plane: every place of a model's latent space, decoded under the pointer."""

from math import prod

import streamlit as st

from explorer.latent.spec import spec_of
from explorer.view import settings, shell
from explorer.view.groups import drop_group, group_name, keep_group, kept_groups
from explorer.view.plane import plane
from explorer.view.words import latent_words

shell.head(
    "Move or drag over the map: the decoder draws what lies there. Click a point to keep its "
    "image, or between points to keep the place."
)


@st.fragment
def explore() -> None:
    models = shell.shelf()  # anew each time: a map may have been made since
    view = shell.current(models)
    spec, shown = models.cards[view.model].spec.model, models.shown[view.model]
    pixels, latent = f"{prod(spec.image_shape):,} pixels", latent_words(spec)
    shell.top(models)
    settings.row(models, view, shown)
    plane(
        {
            "model": view.model,
            "dataset": view.dataset,
            "count": view.count,
            "projection": view.projection,
            "layer": view.layer,
            "colour": view.colour,
            "trust": view.trust,
            "row": view.row,
            "place": view.place,
            "own": view.own,
            "label": view.label,
            "polygon": view.polygon,
            "classes": view.classes,
            "groupName": group_name(view),
            "groupNames": list(kept_groups()),
            "find": view.find,
            "neighbours": view.neighbours,
            "metric": view.metric,
            "hover": view.hover,
            "pictures": view.pictures,
            "title": f"{models.cards[view.model].title} · {spec_of(view.projection).title}",
            "encoderNote": f"{pixels}\nto {latent}",
            "decoderNote": f"{latent}\nto {pixels}",
        },
        on_commit=keep,
        on_cancel=undo,
    )


def keep() -> None:
    """Something was kept on the plane: a point (its image), a place beside, a group, its name; or
    something was searched for."""
    view, commit = shell.current(shell.shelf()), st.session_state["plane"].commit
    if not commit:
        return
    if "row" in commit:
        view = view.at_row(int(commit["row"]))
    if "own" in commit:
        shell.take(shell.shelf(), {"own": str(commit["own"])})
        return
    if "place" in commit:
        view = view.at_place(*commit["place"])
    if "find" in commit:
        view = view.with_find(str(commit["find"]))
    if "polygon" in commit:
        view = settings.with_polygon(view, commit["polygon"], commit.get("classes", ""))
    if "keepGroup" in commit:
        keep_group(view, str(commit["keepGroup"]))
    if "dropGroup" in commit:
        drop_group(view)
    shell.show(view)


def undo() -> None:
    """A person did not want to wait for a map, a colouring or a measure of trust."""
    models, cancelled = shell.shelf(), st.session_state["plane"].cancel
    view = shell.current(models)
    if cancelled:
        shell.show(settings.without(view, models.shown[view.model], cancelled))


explore()

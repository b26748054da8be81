"""The peer that `interaction.py` measures beside ours: the same map with Streamlit's own parts.

    streamlit run benchmarks/peer_app.py

A native `st.plotly_chart(on_select=...)` over the same points; a selected point's latent is
decoded by the same model in a fragment rerun and shown with `st.image`. Figures and models are
cached as resources, as a careful author would; nothing else is tuned.
"""

import sys
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from explorer.latent.index import projections_of
from explorer.latent.opened import Opened
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.store import open_artefact

MODELS = ("mnist-vae-2d", "mnist-vae-20")


@st.cache_resource
def opened(name: str) -> tuple[Opened, go.Figure]:
    maps = projections_of(open_artefact(name))[0]
    found = catalogue.open(name, maps.dataset)
    xy = found.atlas.coordinates(maps.projections[0])
    marker = {"color": found.atlas.labels, "size": 5}
    points = go.Scattergl(x=xy[:, 0], y=xy[:, 1], mode="markers", marker=marker, hoverinfo="none")
    figure = go.Figure(points, {"height": 640, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}})
    return found, figure


st.set_page_config(layout="wide")
chosen = st.selectbox("Model", MODELS, key="model", bind="query-params")


@st.fragment
def explore() -> None:
    found, figure = opened(chosen)
    chart, side = st.columns([3, 1])
    with chart:
        event = st.plotly_chart(figure, on_select="rerun", selection_mode="points", key=chosen)
    points = event.selection.point_indices
    index = points[0] if points else 0
    with side:
        st.image(to_bytes(found.model.decode(found.atlas.mean[[index]]))[0], width=280)


explore()

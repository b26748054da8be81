"""Make a map by its parameters, measure it and keep it, so that it is instant for everyone else."""

from __future__ import annotations

import hashlib
import time

import numpy as np

from explorer import store
from explorer.latent import keep
from explorer.latent import map_files as files
from explorer.latent.atlas import Atlas, complete, folder_for, load_for
from explorer.latent.index import projections_of
from explorer.latent.project import fitted, project
from explorer.latent.report import Report
from explorer.latent.spec import ProjectionSpec, spec_of
from explorer.loaded import from_artefact
from explorer.metrics.projection import QUERIES, K, continuity, queries_of, trustworthiness
from explorer.training.images import load_named

# The points at which a map is measured are drawn by this seed.
SEED = 0
# The share of the time at which the projection itself begins and ends.
BEGIN, END = 0.02, 0.95


def make(report: Report, *, model: str, dataset: str, count: int, projection: str) -> None:
    """Make the map with the key `projection` of a model's atlas, unless it is there already.

    Raises ExplorerError when there is no such model, atlas or key, or they do not fit.
    """
    spec, artefact = spec_of(projection), store.open_artefact(model)
    report(0.0, "reading the latents")
    atlas = load_for(artefact, dataset, count)
    if projection in kept(artefact, atlas.name):
        return
    network = from_artefact(artefact)
    whole = complete(artefact, atlas, network, load_named(dataset))
    lay_out(whole, artefact, spec, report)


def lay_out(
    atlas: Atlas, artefact: store.Artefact, spec: ProjectionSpec, report: Report
) -> files.Record:
    """Project an atlas with all its latents, measure the map and keep it; what is known of it."""
    _, note = fitted(spec, len(atlas))

    def hear(share: float, doing: str, preview: bytes | None = None) -> None:
        report(BEGIN + (END - BEGIN) * share, f"{note} {doing}".lstrip(), preview)

    begun = time.monotonic()
    xy = project(atlas.mean, spec, atlas.labels, hear)
    seconds = round(time.monotonic() - begun, 2)
    report(END, "measuring the map")
    record = files.Record(
        spec=spec,
        weights_sha256=atlas.weights_sha256,
        quality=measured(atlas.mean, xy),
        seconds=seconds,
        note=note,
    )
    files.keep(folder_for(artefact, atlas.name) / "maps", xy, record)
    return record


def kept(artefact: store.Artefact, atlas_name: str) -> tuple[str, ...]:
    """The keys of all maps of an atlas, those that came with it included, in order."""
    maps = (one for one in projections_of(artefact) if one.folder.name == atlas_name)
    return next((one.projections for one in maps), ())


def quality(artefact: store.Artefact, atlas: Atlas, key: str) -> files.Quality:
    """How far a map can be believed, as it was measured when it was made, or once for a map that
    came with its atlas. The atlas has all its latents.

    Raises ExplorerError when the map was not made.
    """
    weights, folders = atlas.weights_sha256, files.folders(artefact, atlas.name)
    if found := files.record_of(folders, key, weights, len(atlas)):
        return found.quality
    xy = atlas.coordinates(key)
    places = hashlib.sha256(xy.tobytes()).hexdigest()
    by = {"neighbours": K, "points": QUERIES, "seed": SEED, "places_sha256": places}
    return keep.once(
        artefact, atlas, f"quality.{key}", by, files.Quality, lambda: measured(atlas.mean, xy)
    )


def measured(latents: np.ndarray, xy: np.ndarray) -> files.Quality:
    """Trustworthiness and continuity of a map `(N, 2)` of latents `(N, D)`."""
    points = queries_of(len(xy), SEED)
    return files.Quality(
        trustworthiness=round(trustworthiness(latents, xy, K, points), 4),
        continuity=round(continuity(latents, xy, K, points), 4),
        neighbours=K,
        images=len(xy),
        points=len(points),
        seed=SEED,
    )

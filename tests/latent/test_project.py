"""Projections to the plane: exact where they are exact, repeatable everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.atlas import WIDE, load_for
from explorer.latent.index import projections_of
from explorer.latent.names import METHOD_TITLES
from explorer.latent.project import LEAST, fitted, methods_for, principal_plane, project
from explorer.latent.spec import ProjectionSpec, spec_of
from tests.support import first, is_one_sentence


@pytest.fixture(scope="module")
def latents(model, digits):
    return model.encode(first(digits, 300).pixels.numpy()).mean


def test_pca_is_that_of_scikit_learn_up_to_the_sign_of_an_axis(latents):
    from sklearn.decomposition import PCA

    mine = project(latents, ProjectionSpec(method="pca"))
    theirs = PCA(2, svd_solver="full").fit_transform(latents.astype(np.float64))
    signs = np.sign((mine * theirs).sum(0))
    np.testing.assert_allclose(mine, theirs * signs, atol=1e-4)


def test_the_plane_explains_the_shares_of_variance_of_scikit_learn(latents):
    from sklearn.decomposition import PCA

    theirs = PCA(2, svd_solver="full").fit(latents.astype(np.float64))
    np.testing.assert_allclose(
        principal_plane(latents).explained, theirs.explained_variance_ratio_, rtol=1e-6
    )


def decomposed(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first two directions and shares of variance by a singular value decomposition."""
    apart = latents.astype(np.float64) - latents.mean(0, dtype=np.float64)
    _, singular, found = np.linalg.svd(apart, full_matrices=False)
    found *= np.sign(found[np.arange(len(found)), np.abs(found).argmax(1)])[:, None]
    return found[:2], np.square(singular[:2]) / np.square(singular).sum()


def shipped_maps() -> list[str]:
    """The shipped models that have a PCA map and keep their latents."""
    artefacts = store.find([(store.PRETRAINED, True)]).artefacts
    return [
        one.id
        for one in artefacts
        if any("pca" in maps.projections for maps in projections_of(one))
        and one.card.spec.model.latent_dim <= WIDE
    ]


@pytest.mark.parametrize("name", shipped_maps())
def test_the_plane_of_a_shipped_map_is_that_of_the_singular_value_decomposition(name):
    artefact = store.Artefact(store.PRETRAINED / name, store.open_artefact(name).card, True)
    atlas = load_for(artefact)
    plane = principal_plane(atlas.mean)
    directions, explained = decomposed(atlas.mean)
    np.testing.assert_allclose(plane.directions, directions, atol=1e-7)
    np.testing.assert_allclose(plane.explained, explained, rtol=1e-9)
    xy = project(atlas.mean, ProjectionSpec(method="pca"))
    expected = (atlas.mean - plane.centre) @ directions.T
    np.testing.assert_allclose(xy, expected, atol=1e-6 * np.abs(expected).max())


@given(st.integers(3, 60), st.integers(2, 30), st.integers(1, 50), st.integers(0, 2**31))
def test_the_plane_is_that_of_the_singular_value_decomposition(n, d, part, seed):
    rng = np.random.default_rng(seed)
    latents = rng.normal(size=(n, d)) * np.logspace(0, -2, d) + 1e3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.latent.project.PART", part)
        plane = principal_plane(latents)
        places = project(latents, ProjectionSpec(method="pca")) if d > 2 else None
    directions, explained = decomposed(latents)
    np.testing.assert_allclose(plane.explained, explained, atol=1e-9)
    # Two directions of nearly the same variance are any two of their plane.
    if explained[0] > 1.1 * explained[1] and d > 2 and n > 3:
        np.testing.assert_allclose(np.abs(plane.directions @ directions.T)[0], [1, 0], atol=1e-6)
        np.testing.assert_allclose(places, plane.places(latents), atol=1e-5)


@pytest.mark.parametrize("d", [1, 3, 20])
def test_a_plane_goes_both_ways_and_keeps_the_other_directions_at_the_mean(d):
    rng = np.random.default_rng(0)
    plane = principal_plane(rng.normal(size=(200, d)) * np.arange(1, d + 1) + 3)
    places = rng.normal(size=(9, 2)) * ([1, 0] if d == 1 else [1, 1])
    z = plane.latents(places)
    np.testing.assert_allclose(plane.places(z), places, atol=1e-9)
    apart = z - plane.centre
    np.testing.assert_allclose(
        apart - (apart @ plane.directions.T) @ plane.directions, 0, atol=1e-9
    )
    assert plane.directions.shape == (2, d)
    assert plane.explained.sum() <= 1 + 1e-12


def test_a_1d_latent_lies_on_a_line_of_which_all_is_explained():
    latents = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    plane, xy = principal_plane(latents), project(latents, ProjectionSpec(method="pca"))
    assert plane.explained.tolist() == [1, 0]
    np.testing.assert_allclose(plane.places(latents), xy, atol=1e-6)
    np.testing.assert_allclose(plane.latents(xy), latents, atol=1e-6)


def test_latents_that_are_all_the_same_have_a_plane():
    plane = principal_plane(np.ones((5, 3), np.float32))
    assert plane.explained.tolist() == [0, 0]
    assert np.isfinite(plane.directions).all()


def test_pca_does_not_depend_on_the_order_of_the_points(latents):
    order = np.random.default_rng(0).permutation(len(latents))
    spec = ProjectionSpec(method="pca")
    np.testing.assert_allclose(
        project(latents[order], spec), project(latents, spec)[order], atol=1e-4
    )


def test_the_sign_of_a_pca_axis_makes_its_largest_component_positive(latents):
    spec = ProjectionSpec(method="pca")
    direction = np.linalg.lstsq(latents - latents.mean(0), project(latents, spec), rcond=None)[0].T
    assert (direction[np.arange(2), np.abs(direction).argmax(1)] > 0).all()


@pytest.mark.parametrize("key", ["pca", "tsne-s3"])
def test_the_same_seed_gives_the_same_picture(latents, key):
    spec = spec_of(key)
    once = project(latents, spec)
    assert once.shape == (300, 2)
    assert once.dtype == np.float32
    np.testing.assert_array_equal(once, project(latents.copy(), spec))


def test_umap_repeats_itself_and_its_parameters_reach_it(latents):
    """One test for all of it: the first fit of a process compiles for half a minute."""
    spec = ProjectionSpec(method="umap", seed=3)
    once = project(latents, spec)
    assert once.shape == (300, 2)
    assert once.dtype == np.float32
    np.testing.assert_array_equal(once, project(latents.copy(), spec))
    changes = [{"seed": 4}, {"neighbours": 5}, {"min_dist": 0.9}, {"metric": "manhattan"}]
    for change in changes:
        assert not np.allclose(project(latents, spec.model_copy(update=change)), once)


def test_umap_by_class_draws_the_points_of_a_class_together(latents, digits):
    labels = digits.labels[:300].numpy()

    def together(xy: np.ndarray) -> float:
        """The share of points whose nearest neighbour on the map is of their class."""
        distance = np.linalg.norm(xy[:, None] - xy, axis=2) + np.diag(np.full(300, np.inf))
        return float((labels[distance.argmin(1)] == labels).mean())

    spec = ProjectionSpec(method="umap", supervised=True)
    plain, told = project(latents, ProjectionSpec(method="umap")), project(latents, spec, labels)
    assert together(told) > together(plain) + 0.05
    unlike = np.random.default_rng(0).permutation(labels)
    assert together(project(latents, spec, unlike)) < together(told) - 0.05


@pytest.mark.parametrize("labels", [None, np.zeros(300, np.int64)])
def test_without_classes_no_map_is_drawn_by_class(latents, labels):
    with pytest.raises(ExplorerError, match="no classes") as caught:
        project(latents, ProjectionSpec(method="umap", supervised=True), labels)
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_another_process_draws_the_same_picture(latents, tmp_path, method):
    np.save(tmp_path / "latents.npy", latents)
    script = f"""
import numpy as np
from explorer.latent.project import project
from explorer.latent.spec import ProjectionSpec, spec_of
xy = project(np.load("latents.npy"), ProjectionSpec(method="{method}", seed=3))
open("xy", "wb").write(xy.tobytes())
"""
    root = {"PYTHONPATH": str(Path(explorer.__file__).parent.parent)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=os.environ | root, check=True)
    here = project(latents, ProjectionSpec(method=method, seed=3))
    assert (tmp_path / "xy").read_bytes() == here.tobytes()


# --- progress ---------------------------------------------------------------------------------


class Listener(list):
    """Everything that was reported."""

    def __call__(self, share: float, doing: str, preview: bytes | None = None) -> None:
        self.append((share, doing, preview))

    @property
    def shares(self) -> list[float]:
        return [share for share, _, _ in self]


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_progress_rises_to_its_end_and_changes_nothing(latents, method):
    spec, heard = ProjectionSpec(method=method), Listener()
    xy = project(latents, spec, report=heard)
    np.testing.assert_array_equal(xy, project(latents, spec))
    assert heard[0] == (0.0, "finding neighbours", None)
    assert heard.shares == sorted(heard.shares)
    assert len(heard) > 4
    assert 0.9 < heard.shares[-1] <= 1


def test_tsne_shows_its_places_every_25_iterations(latents):
    heard = Listener()
    xy = project(latents, ProjectionSpec(method="tsne"), report=heard)
    previews = [np.frombuffer(p, np.float32).reshape(300, 2) for _, _, p in heard if p]
    assert len(previews) == (250 + 500) // 25
    assert heard.shares[-1] == 1
    # They move, and the last ones lie almost where the points end.
    far = [np.abs(places - xy).max() for places in (previews[0], previews[10], previews[-1])]
    assert min(far[:2]) > 10 * far[2]
    assert far[2] < 0.05 * np.ptp(xy)


class StoppedError(BaseException):
    """What a listener raises that wants no more."""


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_what_a_report_raises_ends_the_projection_and_leaves_the_next_one_free(latents, method):
    heard = Listener()

    def stop(share: float, doing: str, preview: bytes | None = None) -> None:
        heard(share, doing, preview)
        if share > 0:
            raise StoppedError

    spec = ProjectionSpec(method=method)
    with pytest.raises(StoppedError):
        project(latents, spec, report=stop)
    assert len(heard) == 2
    again: list[np.ndarray] = []
    other = threading.Thread(target=lambda: again.append(project(latents, spec)), daemon=True)
    other.start()
    other.join(120)
    assert again[0].shape == (300, 2)


# --- few points -------------------------------------------------------------------------------


def test_few_points_cut_the_neighbours_and_the_perplexity_with_a_sentence(latents):
    for method, name, most in (("umap", "neighbours", 29), ("tsne", "perplexity", 9)):
        spec, said = fitted(ProjectionSpec(method=method, **{name: 40}), 30)
        assert getattr(spec, name) == most
        assert f"{name} of {most}" in said
        assert is_one_sentence(said)
        assert fitted(spec, 30) == (spec, "")
    cut = project(latents[:30], ProjectionSpec(method="tsne", perplexity=40))
    np.testing.assert_array_equal(
        cut, project(latents[:30], ProjectionSpec(method="tsne", perplexity=9))
    )
    assert fitted(ProjectionSpec(method="pca"), 2)[1] == ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_so_few_points_that_all_are_neighbours_are_refused(latents, method):
    assert project(latents[:LEAST], ProjectionSpec(method=method)).shape == (LEAST, 2)
    with pytest.raises(ExplorerError, match="at least 8 points, but there are 7") as caught:
        project(latents[: LEAST - 1], ProjectionSpec(method=method))
    assert is_one_sentence(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_points_that_have_no_place_are_one_sentence():
    with pytest.raises(ExplorerError, match="finds no place") as caught:
        project(np.ones((50, 4), np.float32), ProjectionSpec(method="tsne"))
    assert is_one_sentence(caught.value)


# --- parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"perplexity": 5}, {"seed": 4}, {"metric": "cosine"}])
def test_the_parameters_of_tsne_reach_it(latents, change, monkeypatch):
    import openTSNE

    asked = []

    class Recorded(openTSNE.TSNE):
        def __init__(self, **words):
            asked.append(words)
            super().__init__(**words, n_iter=1, early_exaggeration_iter=1)

    monkeypatch.setattr(openTSNE, "TSNE", Recorded)
    spec = ProjectionSpec(method="tsne").model_copy(update=change)
    project(latents, spec)
    assert (asked[0]["perplexity"], asked[0]["random_state"]) == (spec.perplexity, spec.seed)
    assert asked[0]["metric"] == spec.metric


def test_maps_keep_digits_of_one_class_together(latents, digits):
    """Trustworthiness: neighbours on the map are neighbours in the latent space."""
    from sklearn.manifold import trustworthiness

    xy = project(latents, ProjectionSpec(method="tsne"))
    assert trustworthiness(latents, xy, n_neighbors=10) > 0.95
    shuffled = np.random.default_rng(0).permutation(xy)
    assert trustworthiness(latents, shuffled, n_neighbors=10) < 0.6


def test_a_2d_latent_is_shown_raw_and_nothing_else(latents):
    flat = latents[:, :2]
    assert methods_for(2) == ["raw"]
    np.testing.assert_array_equal(project(flat, ProjectionSpec(method="raw")), flat)
    for method in set(METHOD_TITLES) - {"raw"}:
        with pytest.raises(ExplorerError, match="shown raw") as caught:
            project(flat, ProjectionSpec(method=method))
        assert is_one_sentence(caught.value.args[0].splitlines()[0])


def test_a_latent_of_more_dimensions_cannot_be_shown_raw(latents):
    assert "raw" not in methods_for(4)
    with pytest.raises(ExplorerError, match="Only a 2-D latent") as caught:
        project(latents, ProjectionSpec(method="raw"))
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_1d_latent_has_a_map_too(latents, method):
    xy = project(latents[:, :1], ProjectionSpec(method=method))
    assert xy.shape == (300, 2)
    assert np.isfinite(xy).all()

"""A projection's key: short, readable, and the one name of its picture."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.latent.spec import MAX_KEY, USES, ProjectionSpec, spec_of, specs_of
from explorer.spec import build
from tests.support import is_one_sentence

VALUES = {
    "neighbours": st.integers(2, 200),
    "min_dist": st.floats(0, 1),
    "perplexity": st.integers(2, 200),
    "metric": st.sampled_from(["euclidean", "cosine", "manhattan"]),
    "supervised": st.booleans(),
    "seed": st.integers(0, 2**31 - 1),
}


@st.composite
def specs(draw) -> ProjectionSpec:
    method = draw(st.sampled_from(sorted(USES)))
    values = {name: draw(VALUES[name]) for name in USES[method] if draw(st.booleans())}
    return ProjectionSpec(method=method, **values)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("raw", {"method": "raw"}),
        ("pca", {"method": "pca"}),
        ("umap", {"method": "umap"}),
        ("tsne-p50-s3", {"method": "tsne", "perplexity": 50, "seed": 3}),
        ("umap-d0", {"method": "umap", "min_dist": -0.0}),
        ("umap-d1", {"method": "umap", "min_dist": 1.0}),
        ("umap-d0.33", {"method": "umap", "min_dist": 1 / 3}),
        (
            "umap-n50-d0.3-cosine-supervised-s1",
            {
                **{"method": "umap", "neighbours": 50, "min_dist": 0.3},
                **{"metric": "cosine", "supervised": True, "seed": 1},
            },
        ),
    ],
)
def test_a_key_holds_what_is_no_default(key, values):
    assert ProjectionSpec(**values).key == key
    assert spec_of(key) == ProjectionSpec(**values)


@given(specs())
@example(
    ProjectionSpec(
        method="umap",
        **{"neighbours": 200, "min_dist": 0.25, "metric": "manhattan"},
        **{"supervised": True, "seed": 2**31 - 1},
    )
)
def test_a_key_leads_back_to_its_spec_and_fits_an_address_and_a_file_name(spec):
    assert spec_of(spec.key) == spec
    assert re.fullmatch(r"[a-z0-9.-]+", spec.key)
    assert len(spec.key) <= MAX_KEY


@given(specs(), specs())
def test_different_pictures_have_different_keys(one, other):
    assert (one.key == other.key) == (one == other)


PARTS = ["-n50", "-n5", "-d0.3", "-d.3", "-d0.10", "-p30", "-cosine", "-supervised", "-s1", "-s01"]


@given(
    st.text(st.characters(exclude_characters="\n"), max_size=60)
    | st.lists(st.sampled_from(PARTS), max_size=4).map(lambda parts: "umap" + "".join(parts))
    | st.from_regex(r"(raw|pca|umap|tsne)(-[ndps][0-9.]{1,5}){0,3}", fullmatch=True)
)
@example("umap-s" + "9" * 5000)
def test_any_other_text_is_refused_in_one_sentence(text):
    try:
        key = spec_of(text).key
    except ExplorerError as error:
        said = str(error)
    else:
        said = "It is a key."
        assert key == text
    assert is_one_sentence(said)


@pytest.mark.parametrize("text", ["umap\n", "\numap", "UMAP", "umap-n٥٠", "../umap", "umap ", ""])
def test_what_only_looks_like_a_key_is_none(text):
    with pytest.raises(ExplorerError, match="no projection called"):
        spec_of(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("umpa", "Did you mean 'umap'"),
        ("umap-n15", "is called 'umap'"),
        ("umap-s01", "is called 'umap-s1'"),
        ("umap-n1", "neighbours"),
        ("umap-n201", "neighbours"),
        ("umap-d1.5", "min dist"),
        ("umap-p50", "no use for --perplexity"),
        ("tsne-supervised", "no use for --supervised"),
        ("pca-s1", "no use for --seed"),
        ("umap-s1-n50", "no projection called"),
        ("umap-euclidean", "no projection called"),
    ],
)
def test_the_sentence_says_what_is_wrong_with_a_key(text, said):
    with pytest.raises(ExplorerError, match=re.escape(said)) as caught:
        spec_of(text)
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"method": "umpa"},
        {"seed": -1},
        {"seed": 2**32},
        {"neighbours": 1},
        {"neighbours": 201},
        {"min_dist": -0.1},
        {"min_dist": 2},
        {"min_dist": float("nan")},
        {"metric": "hamming"},
        {"method": "tsne", "perplexity": 1},
        {"method": "tsne", "perplexity": float("nan")},
        {"method": "tsne", "neighbours": 5},
        {"method": "raw", "metric": "cosine"},
    ],
)
def test_an_impossible_or_idle_parameter_is_refused_in_one_sentence(values):
    with pytest.raises(ExplorerError) as caught:
        build(ProjectionSpec, {"method": "umap"} | values)
    assert is_one_sentence(caught.value)


def test_the_parameters_of_the_shipped_maps_are_defaults():
    """Their files name all parameters for every method."""
    said = {"seed": 0, "neighbours": 15, "min_dist": 0.1, "perplexity": 30.0}
    for method in ("umap", "tsne", "pca", "raw"):
        assert build(ProjectionSpec, {"method": method} | said).key == method


def test_each_method_gets_those_of_the_given_parameters_that_it_uses():
    made = specs_of(["umap", "tsne", "pca"], {"seed": 2, "neighbours": 9, "perplexity": 7})
    assert [spec.key for spec in made] == ["umap-n9-s2", "tsne-p7-s2", "pca"]
    with pytest.raises(ExplorerError, match="umap has no use for --perplexity") as caught:
        specs_of(["umap"], {"perplexity": 30})
    assert is_one_sentence(caught.value)


def test_a_title_is_the_key_in_words():
    titles = {
        "raw": "Raw latent",
        "tsne-p50-s3": "t-SNE, perplexity 50, seed 3",
        "umap-n50-d0.3-cosine-supervised-s1": (
            "UMAP, neighbours 50, min dist 0.3, cosine, by class, seed 1"
        ),
    }
    assert {key: spec_of(key).title for key in titles} == titles

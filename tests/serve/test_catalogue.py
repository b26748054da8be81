"""What the server keeps open: questions about a map that a page asks in Python."""

import numpy as np
import pytest

from explorer.errors import ExplorerError
from explorer.serve.catalogue import Opened, catalogue


@pytest.fixture(scope="module")
def opened() -> Opened:
    return catalogue.open("mnist-vae-20", "mnist-5k")


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_the_row_near_a_place_is_that_of_the_nearest_point(opened, method):
    xy = opened.atlas.coordinates(method)
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(xy.min(0) - 1, xy.max(0) + 1, (20, 2)):
        nearest = np.linalg.norm(xy - [x, y], axis=1).argmin()
        assert opened.row_near(method, (x, y)) == opened.atlas.rows[nearest]


def test_it_is_the_row_of_the_data_set_and_not_the_position_on_the_map(opened):
    from dataclasses import replace

    some = replace(
        opened.atlas,
        mean=opened.atlas.mean[1000:],
        rows=opened.atlas.rows[1000:],
        projections={"umap": opened.atlas.coordinates("umap")[1000:]},
    )
    x, y = some.coordinates("umap")[7]
    row = Opened(opened.model, some).row_near("umap", (float(x), float(y)))
    assert row == opened.atlas.rows[1007]
    assert type(row) is int


def test_no_row_is_near_on_a_map_that_was_not_made(opened):
    with pytest.raises(ExplorerError, match="no projection called 'raw'"):
        opened.row_near("raw", (0.0, 0.0))

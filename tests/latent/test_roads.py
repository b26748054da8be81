"""The way that follows the density: where it leads on data whose answer is known."""

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from explorer.latent import geometry as g
from explorer.latent import roads
from explorer.latent.neighbours import Index
from explorer.latent.roads import Roads


def ring(n: int = 600, gap: float = 0.6, seed: int = 0) -> np.ndarray:
    """Points around a circle of radius 3, open to the right."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(gap, 2 * np.pi - gap, n)
    radius = 3 + 0.1 * rng.standard_normal(n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32)


def test_the_way_goes_around_the_ring_not_across_its_gap():
    points = ring()
    a, b = 3 * np.array([[np.cos(0.62), np.sin(0.62)], [np.cos(0.62), -np.sin(0.62)]])
    way = Roads(points).between(a, b)
    assert way[0] == pytest.approx(a)
    assert way[-1] == pytest.approx(b)
    assert np.linalg.norm(way, axis=1).min() > 2.3
    assert way[:, 0].min() < -2.5
    _, near = Index(points).nearest(way, 1)
    _, straight = Index(points).nearest(g.lerp(a, b, np.linspace(0, 1, 50)), 1)
    assert near.max() < 0.5 * straight.max()


def test_the_cheapest_way_is_cheaper_than_every_other_that_was_tried():
    rng = np.random.default_rng(3)
    points = rng.standard_normal((40, 3))
    road = Roads(points)
    a, b = points[0], points[1]

    def cost(line):
        return (g.hops(line) ** roads.POWER).sum()

    best = cost(road.hops_between(a, b))
    assert best <= cost(np.stack([a, b])) + 1e-9
    nearest, _ = Index(points).nearest(points, roads.NEAREST, np.arange(40))
    edges = {(i, int(j)) for i in range(40) for j in nearest[i]}
    edges |= {(j, i) for i, j in edges}
    for _ in range(2000):  # ways at random over the edges of the graph
        walk = [0]
        while walk[-1] != 1 and len(walk) < 8:
            walk.append(int(rng.choice([j for i, j in edges if i == walk[-1]])))
        if walk[-1] == 1:
            assert best <= cost(points[walk]) + 1e-9


def test_clusters_that_hang_apart_are_joined_where_they_are_nearest():
    rng = np.random.default_rng(1)
    clusters = [0.1 * rng.standard_normal((30, 2)) + centre for centre in ([0, 0], [5, 0], [5, 5])]
    road = Roads(np.concatenate(clusters))
    assert connected_components(road.graph, directed=False)[0] == 1
    line = road.hops_between(clusters[0][0], clusters[2][0])
    # From the first over the second to the third: 5 + 5 is cheaper than 7.1 to the third power.
    assert np.linalg.norm(line - np.array([5, 0]), axis=1).min() < 0.5
    assert sorted(g.hops(line))[-2] < 5.2


def test_equal_ends_give_a_way_without_length():
    points = ring()
    for end in (points[5], np.array([9.0, 9.0])):
        way = Roads(points).between(end, end)
        assert np.array_equal(way, np.repeat(end[None].astype(np.float64), g.FINE, axis=0))


def test_ends_far_from_all_latents_are_reached():
    road = Roads(ring())
    a, b = np.array([-40.0, 0]), np.array([0, 55.0])
    way = road.between(a, b)
    assert way[0] == pytest.approx(a)
    assert way[-1] == pytest.approx(b)
    assert np.isfinite(way).all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_latents_are_enough(n):
    points = np.arange(3.0 * n).reshape(n, 3)
    way = Roads(points).between(points[0], points[-1] + 1)
    assert way[0] == pytest.approx(points[0])
    assert way[-1] == pytest.approx(points[-1] + 1)


def test_copies_of_one_latent_are_no_obstacle():
    points = np.repeat(np.array([[0.0, 0], [1, 0], [2, 0]]), 30, axis=0)
    line = Roads(points).hops_between(points[0], points[-1])
    assert np.unique(line, axis=0)[:, 0] == pytest.approx([0, 1, 2])
    assert (g.hops(line) > 0).all()


def test_of_more_latents_a_seeded_sample_is_joined(monkeypatch):
    monkeypatch.setattr(roads, "MOST", 50)
    points = ring()
    one, again, other = Roads(points), Roads(points), Roads(points, seed=1)
    assert one.nodes.shape == (50, 2)
    assert np.array_equal(one.nodes, again.nodes)
    assert not np.array_equal(one.nodes, other.nodes)
    assert {tuple(p) for p in one.nodes} <= {tuple(p) for p in points}
    assert connected_components(one.graph, directed=False)[0] == 1

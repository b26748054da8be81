"""How empty it is between the classes: straight ways from an image of one to one of another."""

from __future__ import annotations

import numpy as np

from explorer.latent import geometry
from explorer.latent.opened import Opened

# Ways, and places on each, from end to end.
WAYS, PLACES = 200, 9


def emptiness(opened: Opened, seed: int = 0) -> np.ndarray:
    """How far the nearest encoded image is at PLACES even places of straight ways between images of
    two classes, `(PLACES,)`: the median over WAYS of them, in usual distances (half of all images
    have another one nearer than that). 0 at both ends, where an image is."""
    atlas, rng = opened.atlas, np.random.default_rng(seed)
    a, b = rng.integers(len(atlas), size=(2, 20 * WAYS))
    apart = np.flatnonzero(atlas.labels[a] != atlas.labels[b])[:WAYS]
    share = np.linspace(0, 1, PLACES)
    ends = zip(atlas.mean[a[apart]], atlas.mean[b[apart]], strict=True)
    z = np.stack([geometry.lerp(p, q, share) for p, q in ends]).astype(np.float32)
    z = z.reshape(-1, z.shape[-1])
    _, distance = opened.atlas.index.nearest(z, 1)
    relative = distance[:, 0].reshape(-1, PLACES) / opened.usual_distance
    relative[:, [0, -1]] = 0.0  # an image is at no distance from itself, whatever rounding says
    return np.median(relative, axis=0)

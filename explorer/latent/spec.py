"""A projection by its parameters, and the short name that holds them: its key.

Nothing here needs an array: the first paint lists maps by their keys.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from explorer.errors import ExplorerError, unknown_name
from explorer.latent.names import METHOD_TITLES
from explorer.spec import Spec, build, option

# What each method asks; anything else it would ignore.
USES: dict[str, tuple[str, ...]] = {
    "raw": (),
    "pca": (),
    "umap": ("neighbours", "min_dist", "metric", "supervised", "seed"),
    "tsne": ("perplexity", "metric", "seed"),
}
LETTERS = {"neighbours": "n", "min_dist": "d", "perplexity": "p", "seed": "s"}
# The longest key: umap-n200-d0.25-manhattan-supervised-s2147483647.
MAX_KEY = 48
_KEY = re.compile(
    r"(?P<method>raw|pca|umap|tsne)"
    r"(?:-n(?P<neighbours>[0-9]+))?(?:-d(?P<min_dist>[0-9]+(?:\.[0-9]+)?))?"
    r"(?:-p(?P<perplexity>[0-9]+))?(?:-(?P<metric>cosine|manhattan))?"
    r"(?:-(?P<supervised>supervised))?(?:-s(?P<seed>[0-9]+))?"
)


class ProjectionSpec(Spec):
    """A method with the parameters that decide its picture; the same spec gives the same map.

    A parameter that the method has no use for keeps its default, so that equal pictures have
    equal specs.
    """

    method: Literal["raw", "umap", "tsne", "pca"]
    neighbours: int = Field(
        default=15,
        ge=2,
        le=200,
        description="UMAP: neighbours that each point is held to; few: detail, many: the whole.",
    )
    min_dist: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="UMAP: least distance between points; small: tight clumps. Two decimals.",
    )
    perplexity: int = Field(
        default=30,
        ge=2,
        le=200,
        description="t-SNE: how many neighbours count; few: detail, many: the whole.",
    )
    metric: Literal["euclidean", "cosine", "manhattan"] = Field(
        default="euclidean",
        description="UMAP, t-SNE: distance of latents: euclidean, cosine or manhattan.",
    )
    supervised: bool = Field(
        default=False, description="UMAP: draw the points of one class together."
    )
    seed: int = Field(
        default=0, ge=0, lt=2**31, description="UMAP, t-SNE: same seed, same picture."
    )

    @field_validator("min_dist")
    @classmethod
    def _two_decimals(cls, value: float) -> float:
        """Finer steps show on no map, and would make keys long; 0 has no sign."""
        return abs(round(value, 2))

    @model_validator(mode="after")
    def _nothing_idle(self) -> ProjectionSpec:
        for name in self.model_fields_set - {"method", *USES[self.method]}:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(idle(self.method, name))
        return self

    @property
    def chosen(self) -> dict[str, object]:
        """The parameters that are no defaults, in the order of the key."""
        fields = type(self).model_fields
        values = {name: getattr(self, name) for name in USES[self.method]}
        return {name: v for name, v in values.items() if v != fields[name].default}

    @property
    def key(self) -> str:
        """The name of the map in files and addresses: what is no default, as in `umap-n50-s1`."""
        return "-".join([self.method, *(_short(name, v) for name, v in self.chosen.items())])

    @property
    def title(self) -> str:
        """The same for people: `UMAP, neighbours 50, seed 1`."""
        plain = {"metric": "{}", "supervised": "by class"}
        words = [
            plain.get(name, f"{name.replace('_', ' ')} {{}}").format(value)
            for name, value in self.chosen.items()
        ]
        return ", ".join([METHOD_TITLES[self.method], *words])


def spec_of(key: str) -> ProjectionSpec:
    """The projection that a key names. Raises ExplorerError when it is no key: each map has one."""
    found = _KEY.fullmatch(key)
    if not found:
        raise unknown_name("projection", key, METHOD_TITLES)
    values: dict[str, object] = {name: v for name, v in found.groupdict().items() if v}
    if "supervised" in values:
        values["supervised"] = True
    spec = build(ProjectionSpec, values)
    if spec.key != key:
        raise ExplorerError(f"The projection '{key}' is called '{spec.key}'; use that name.")
    return spec


def specs_of(methods: list[str], given: dict[str, object]) -> list[ProjectionSpec]:
    """One spec for each method, with those of the `given` parameters that it uses.

    Raises ExplorerError for one that no method uses, and for impossible values.
    """
    for name in given:
        if not any(name in USES[method] for method in methods):
            raise ExplorerError(idle(methods[0], name))
    return [
        build(
            ProjectionSpec,
            {"method": method} | {name: v for name, v in given.items() if name in USES[method]},
        )
        for method in methods
    ]


def idle(method: str, name: str) -> str:
    """One sentence that refuses a parameter which a method would ignore."""
    return f"The projection {method} has no use for {option(name)}; leave it out."


def _short(name: str, value: object) -> str:
    if name in LETTERS:
        return LETTERS[name] + (f"{value:g}" if isinstance(value, float) else str(value))
    return name if value is True else str(value)

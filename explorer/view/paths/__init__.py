"""The paths page's component: two ends, the ways between them, a player."""

from explorer.view.paths.paths import PathsData, paths

__all__ = ["PathsData", "paths"]

"""The long work that the worker process may be asked to do, by name.

Each entry is `"name": "module:function"`; the function is imported in the worker process alone. It
is called as `function(report, **arguments)` with JSON values, writes its own result to disk
atomically, and calls `report(share, doing, preview=None)` now and then.
"""

TASKS: dict[str, str] = {
    "encode": "explorer.latent.atlas:make",
    "project": "explorer.latent.maps:make",
    "column": "explorer.latent.columns:make",
    "layer": "explorer.latent.layers:make",
    "together": "explorer.latent.together:make",
    "sampler": "explorer.latent.sample:make",
}

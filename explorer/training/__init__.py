"""Training: `loop` (a generator of events) and `run` (a folder that can be resumed)."""

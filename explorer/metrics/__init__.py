"""Measures of models: pure functions on arrays, with thin seeded samplers beside them."""

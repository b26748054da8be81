"""KL annealing and capacity over the steps against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.objectives import (
    beta_at,
    capacity_at,
    settled,
)
from explorer.spec import ObjectiveSpec

finite = st.floats(-50, 50, width=32)


def betas(spec: ObjectiveSpec, steps: int) -> np.ndarray:
    return np.array([beta_at(step, spec) for step in range(steps)])


@given(st.integers(1, 200), st.floats(0, 100))
def test_linear_annealing_rises_once_from_zero_and_then_stays(warmup, beta):
    steps = np.arange(warmup + 100)
    expected = np.interp(steps, [0, warmup], [0, beta])
    measured = betas(ObjectiveSpec(beta=beta, warmup_steps=warmup), len(steps))
    np.testing.assert_allclose(measured, expected, rtol=1e-12, atol=1e-300)


@given(st.integers(1, 40), st.integers(1, 6), st.floats(0.01, 100))
def test_cyclical_annealing_rises_and_rests_alike_in_each_cycle_and_then_stays(
    warmup, cycles, beta
):
    spec = ObjectiveSpec(beta=beta, annealing="cyclical", warmup_steps=warmup, cycles=cycles)
    cycle = np.concatenate([beta * np.arange(warmup) / warmup, np.full(warmup, beta)])
    expected = np.concatenate([np.tile(cycle, cycles), np.full(50, beta)])
    measured = betas(spec, len(expected))
    np.testing.assert_allclose(measured, expected, rtol=1e-12, atol=1e-300)
    assert (measured == 0).sum() == cycles


@pytest.mark.parametrize("annealing", ["linear", "cyclical"])
def test_without_a_warm_up_beta_is_whole_from_the_first_step(annealing):
    spec = ObjectiveSpec(beta=3.0, annealing=annealing)
    assert set(betas(spec, 50)) == {3.0}
    assert settled(spec) == 0


@given(st.integers(0, 100), st.integers(0, 50), st.sampled_from(["linear", "cyclical"]))
def test_a_schedule_depends_on_nothing_but_the_step(step, warmup, annealing):
    spec = ObjectiveSpec(beta=4.0, warmup_steps=warmup, annealing=annealing, cycles=2)
    before = beta_at(step, spec)
    for other in range(10):
        beta_at(other, spec)
    assert beta_at(step, spec) == before <= 4.0


@given(st.integers(0, 200), st.floats(0.01, 100))
def test_the_capacity_rises_linearly_from_zero_and_then_stays(rise, capacity):
    spec = ObjectiveSpec(capacity=capacity, capacity_steps=rise)
    steps = np.arange(rise + 100)
    expected = np.interp(steps, [0, rise], [0, capacity]) if rise else np.full(100, capacity)
    measured = np.array([capacity_at(step, spec) for step in steps])
    np.testing.assert_allclose(measured, expected, rtol=1e-12, atol=1e-300)


@given(
    st.integers(0, 60),
    st.integers(1, 5),
    st.integers(0, 400),
    st.sampled_from(["linear", "cyclical"]),
)
def test_settled_is_the_first_step_from_which_all_schedules_stand_still(
    warmup, cycles, rise, annealing
):
    spec = ObjectiveSpec(
        beta=2.0,
        warmup_steps=warmup,
        cycles=cycles,
        annealing=annealing,
        capacity=7.0,
        capacity_steps=rise,
    )

    def at(step: int) -> tuple[float, float]:
        return beta_at(step, spec), capacity_at(step, spec)

    last = settled(spec)
    assert {at(step) for step in range(last, last + 300)} == {(2.0, 7.0)}
    assert last == 0 or at(last - 1) != (2.0, 7.0)

"""The README's figures of the shipped models are those of their cards, and its paths exist."""

import re
from pathlib import Path

import pytest

from explorer import store
from explorer.cli import table
from explorer.spec import TrainSpec

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = store.find([(store.PRETRAINED, True)]).artefacts
TEST_IMAGES = {"mnist": "10,000", "sprites": "37,280", "faces": "4,000"}
ZOO = (store.PRETRAINED / "README.md").read_text(encoding="utf-8")
COLUMNS = [key for _, key, _ in table.COLUMNS]


def figures(name: str, text: str) -> list[str]:
    """The cells of a model's row in a document; none if it has no row there."""
    rows = [line for line in text.splitlines() if line.startswith(f"| `{name}`")]
    return [cell.strip() for row in rows for cell in row.strip("|").split("|")][1:]


def test_the_four_models_are_shipped():
    names = {"mnist-ae-2d", "mnist-vae-2d", "mnist-vae-20", "mnist-conv-vae-32"}
    assert names <= {artefact.id for artefact in SHIPPED}


def test_the_zoos_table_is_what_the_command_prints():
    assert table.table(store.find([(store.PRETRAINED, True)]).artefacts) in ZOO


@pytest.mark.parametrize("artefact", SHIPPED, ids=lambda artefact: artefact.id)
def test_a_row_of_the_readme_says_what_the_card_says(artefact):
    cells = figures(artefact.id, README)
    if not cells:  # the README shows some of the models, the zoo's own table all
        assert figures(artefact.id, ZOO)
        return
    for key, cell in zip(COLUMNS, cells, strict=True):
        metric = artefact.card.metrics.get(key)
        if metric is None:
            assert cell == "-"
            continue
        digits = len(cell.partition(".")[2])
        assert float(cell) == pytest.approx(metric.value, abs=0.51 * 10**-digits)


@pytest.mark.parametrize("artefact", SHIPPED, ids=lambda artefact: artefact.id)
def test_each_card_has_its_command_its_log_and_a_spec_that_rebuilds_it(artefact):
    card = artefact.card
    assert f"--name {card.id}" in card.command
    assert len(card.training.log) == card.spec.epochs
    assert TrainSpec.model_validate(card.spec.model_dump(mode="json")) == card.spec
    assert card.metrics_on.startswith(f"{TEST_IMAGES[card.spec.data.name]} test ")
    assert store.sha256(artefact.folder / store.WEIGHTS) == card.weights_sha256
    assert card.command in ZOO


def test_every_file_that_the_readme_shows_or_links_is_there():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert all((ROOT / target).exists() for target in targets)


def test_the_zoo_is_small_enough_to_clone():
    size = sum(file.stat().st_size for file in store.PRETRAINED.rglob("*") if file.is_file())
    assert size < 60e6

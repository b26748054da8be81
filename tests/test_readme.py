"""The README's figures of the shipped models are those of their cards, and its paths exist."""

import re
from pathlib import Path

import pytest

from explorer import store
from explorer.cli import table
from explorer.metrics.names import NAMES as FIGURES
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


BETAS, SIZES = ("0.25", "0.5", 1, 2, 4, 8, 16), (2, 20, 50, 100)
NAMES = {
    *("mnist-pca-2", "mnist-pca-20", "mnist-pca-32", "mnist-ae-2d", "mnist-ae-32"),
    *("mnist-conv-ae-64", "mnist-denoising-ae-64", "mnist-sparse-ae-64"),
    *("mnist-vae-2d", "mnist-vae-20", "mnist-conv-vae-32", "mnist-cvae-2d", "mnist-cvae-20"),
    *("mnist-vq-vae", "mnist-vq-vae-prior", "mnist-classifier"),
    *(f"mnist-beta-vae-10-b{beta}" for beta in BETAS),
    *(f"mnist-small-vae-{size}" for size in SIZES),
    *(f"mnist-small-vae-10-{how}" for how in ("mse", "free-bits", "cyclical")),
    *(f"sprites-beta-vae-10-b{beta}" for beta in (1, 4, 8)),
    *("faces-conv-vae-256", "faces-beta-vae-16-b4"),
}
# Figures that the README's sentences give: whose, which, times what, and with how many digits.
SAID = (
    ("mnist-denoising-ae-64", "denoised_mse", 1, ".4f"),
    ("mnist-denoising-ae-64", "denoising_ratio", 1, ".2f"),
    ("mnist-denoising-ae-64", "median_filter_mse", 1, ".4f"),
    ("mnist-sparse-ae-64", "silent", 100, ".0f"),
    ("mnist-classifier", "accuracy", 1, ".2f"),
    ("mnist-cvae-20", "read_as_asked", 1, ".1f"),
    ("mnist-cvae-2d", "read_as_asked", 1, ".1f"),
    ("mnist-vq-vae", "codes_used", 1, ".0f"),
    ("mnist-vq-vae", "perplexity", 1, ".1f"),
    ("mnist-vq-vae-prior", "nats_per_code", 1, ".2f"),
    ("mnist-vq-vae-prior", "read_surely", 1, ".1f"),
)


def test_the_whole_zoo_is_shipped_in_under_60_mb():
    assert {artefact.id for artefact in SHIPPED} == NAMES
    files = [file for file in store.PRETRAINED.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 60e6


@pytest.mark.parametrize("ladder", ["mnist-beta-vae-10-b", "sprites-beta-vae-10-b"])
def test_the_models_of_a_ladder_differ_in_beta_alone(ladder):
    steps = [a.card for a in SHIPPED if a.id.startswith(ladder)]
    assert [f"{ladder}{card.spec.objective.beta:g}" for card in steps] == [c.id for c in steps]
    same = [
        card.spec.model_copy(
            update={"objective": card.spec.objective.model_copy(update={"beta": 1.0})}
        )
        for card in steps
    ]
    assert all(spec == same[0] for spec in same)


def test_the_figures_in_the_readmes_sentences_are_those_of_the_cards():
    cards = {artefact.id: artefact.card for artefact in SHIPPED}
    bullets = README.partition("- **Noise**")[2].partition("The importance-weighted")[0]
    given = [
        float(word) for word in re.findall(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.-]*[a-z])", bullets)
    ]
    for name, figure, times, form in SAID:
        value = float(format(times * cards[name].metrics[figure].value, form))
        assert value in given, (name, figure, value)


def test_the_beta_ladders_table_is_what_the_command_prints():
    ladder = [one.card for one in SHIPPED if one.id.startswith("mnist-beta-vae-10-b")]
    assert table.by_figure(ladder, tuple(FIGURES)) in README


@pytest.mark.parametrize(("title", "figure"), [("MIG", "mig"), ("FactorVAE score", "factor_vae")])
def test_the_sprites_scores_beside_published_ones_are_those_of_the_cards(title, figure):
    cards = {artefact.id: artefact.card for artefact in SHIPPED}
    row = next(line for line in README.splitlines() if line.startswith(f"| {title} |"))
    said = [cell.strip() for cell in row.strip("|").split("|")][1:4]
    ladder = [cards[f"sprites-beta-vae-10-b{beta}"] for beta in (1, 4, 8)]
    assert said == [f"{card.metrics[figure].value:.2f}" for card in ladder]


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

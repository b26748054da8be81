"""What is wrong on disk is one sentence on the page; everything else goes on working."""

import shutil

import pytest
from playwright.sync_api import expect

from explorer import store
from tests.app.conftest import running_app, visitor


@pytest.fixture
def damaged_home(tmp_path):
    """A home with a foreign folder, a card that is no card, and a model with damaged weights."""
    home = tmp_path / "damaged" / "home"
    shutil.copytree(store.PRETRAINED / "mnist-vae-2d", home / "torn")
    card = store.read_card(home / "torn").model_copy(update={"id": "torn", "title": "Torn"})
    store.write_card(home / "torn", card)
    with (home / "torn" / store.WEIGHTS).open("r+b") as stream:
        stream.truncate(1000)
    (home / "holiday-pictures").mkdir()
    (home / "half").mkdir()
    (home / "half" / "card.json").write_text('{"kind": "model", "id": 7')
    return home


def test_damaged_models_and_foreign_folders_are_named_and_the_map_still_works(
    browser, damaged_home
):
    with running_app(damaged_home) as address, visitor(browser, address) as person:
        person.open()
        box = person.page.get_by_role("alert").filter(has_text="skipped")
        expect(box).to_contain_text("holiday-pictures")
        expect(box).to_contain_text("half")
        assert len(person.latent()) == 2
        person.choose("model", "Torn")
        fault = person.part("fault")
        expect(fault).to_be_visible()
        expect(fault).to_contain_text("do not match its card (sha256 differs)")
        person.choose("model", store.read_card(store.PRETRAINED / "mnist-vae-20").title)
        person.wait_for_query(model="mnist-vae-20")
        person.ready()
        expect(fault).to_be_hidden()
        assert person.part("original").is_visible()

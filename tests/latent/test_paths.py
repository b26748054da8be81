"""Ways through latent space: where they lead in real models, what one meets, what is said of it."""

import csv
import io

import numpy as np
import pytest

from explorer.errors import ExplorerError
from explorer.latent import geometry
from explorer.latent.opened import Opened, open_atlas
from explorer.latent.paths import csv_text, means, members, met, track, usual_distance
from explorer.latent.polygon import polygon_to_text
from explorer.latent.round_trip import round_trips
from explorer.latent.subject import subject
from explorer.latent.walk import REACH, Walk
from tests.support import is_one_sentence


@pytest.fixture(scope="module")
def vae() -> Opened:
    return open_atlas("mnist-vae-20", "mnist-5k", 5000)


@pytest.fixture(scope="module")
def told() -> Opened:
    return open_atlas("mnist-cvae-20", "mnist-5k", 5000)


@pytest.fixture(scope="module")
def plain() -> Opened:
    return open_atlas("mnist-ae-2d", "mnist-5k", 5000)


@pytest.fixture(scope="module")
def codes() -> Opened:
    return open_atlas("mnist-vq-vae", "mnist-5k", 5000)


def walk(way="linear", a="row:3", b="row:50", **more) -> Walk:
    return Walk(way=way, a=a, b=b, **{"projection": "umap"} | more)


def latent(opened: Opened, row: int) -> np.ndarray:
    return opened.atlas.mean[opened.atlas.position(row)].astype(np.float64)


@pytest.mark.parametrize("way", ["linear", "slerp", "density"])
def test_a_way_leads_from_the_latent_of_a_to_that_of_b_in_even_steps(vae, way):
    found = track(walk(way), vae)
    assert found.points.shape == (geometry.FINE, 20)
    assert np.array_equal(found.points[0], latent(vae, 3))
    assert found.points[-1] == pytest.approx(latent(vae, 50), abs=1e-9)
    z, weights = found.at(np.linspace(0, 1, 9))
    assert weights is None
    assert z.dtype == np.float32
    gone = geometry.stations(found.points, np.linspace(0, 1, 9))
    assert gone == pytest.approx(np.linspace(0, geometry.FINE - 1, 9), abs=0.5)


def test_linear_and_slerp_are_the_formulas(vae):
    a, b, t = latent(vae, 3), latent(vae, 50), np.linspace(0, 1, 9)
    z, _ = track(walk("linear"), vae).at(t)
    assert z == pytest.approx(geometry.lerp(a, b, t), abs=1e-5)
    turned = geometry.even(geometry.slerp(a, b, np.linspace(0, 1, 2001)), 9)
    assert track(walk("slerp"), vae).at(t)[0] == pytest.approx(turned, abs=1e-3)


def test_a_model_without_a_prior_turns_about_the_mean_of_its_latents(plain):
    found = track(walk("slerp"), plain)
    centre = plain.atlas.mean.mean(0, dtype=np.float64)
    off = np.linalg.norm(found.points - centre, axis=1)
    ends = off[[0, -1]]
    assert off.min() >= ends.min() - 1e-6
    assert off.max() <= ends.max() + 1e-6
    assert "mean of all latents, as this model has no prior" in found.words[0]


def test_the_density_way_stays_nearer_to_the_images_than_the_straight_one(vae, plain):
    rng = np.random.default_rng(5)
    for opened in (vae, plain):
        far = {}
        rows = opened.atlas.rows[rng.choice(len(opened.atlas), (8, 2), replace=False)]
        for way in ("linear", "density"):
            found = [
                met(opened, track(walk(way, f"row:{a}", f"row:{b}"), opened), 15) for a, b in rows
            ]
            far[way] = np.mean([one.relative[1:-1].mean() for one in found])
        assert far["density"] < 0.8 * far["linear"]


def test_what_one_meets_is_measured_on_the_decoded_steps(vae):
    found = met(vae, track(walk("slerp"), vae), 7)
    images = vae.model.decode(found.z)
    assert np.array_equal(found.images, images)
    distance = np.linalg.norm(vae.atlas.mean[None] - found.z[:, None], axis=2)
    assert found.distance == pytest.approx(distance.min(1), abs=1e-4)
    assert np.array_equal(found.nearest, vae.atlas.rows[distance.argmin(1)])
    assert found.nearest[[0, -1]].tolist() == [3, 50]
    assert found.relative == pytest.approx(found.distance / vae.usual_distance)
    assert found.reach == pytest.approx(vae.crowd.radius / vae.usual_distance)
    flat = images.reshape(7, -1)
    assert found.changes == pytest.approx(np.linalg.norm(flat[1:] - flat[:-1], axis=1), rel=1e-5)
    assert found.roughness == pytest.approx(found.changes.max() / found.changes.mean())
    assert found.length == pytest.approx(geometry.hops(track(walk("slerp"), vae).points).sum())
    trips = round_trips(vae.model, found.z) / vae.crowd.trip
    assert found.trips == pytest.approx(trips, rel=1e-4)
    for judged, z, trip in list(zip(found.judged, found.z, trips, strict=True))[1:-1]:
        among = vae.crowd.standing(z)
        assert judged.standing == ("gap" if among == "data" and trip > 1 else among)
        assert is_one_sentence(judged.why)
    # The ends are images: in data or rare, and never a gap.
    assert {found.judged[0].standing, found.judged[-1].standing} <= {"data", "rare"}


def test_the_usual_distance_is_the_median_of_that_to_the_nearest_other_image(plain):
    index = plain.atlas.index
    _, distance = index.nearest(index.latents, 1, np.arange(len(index.latents)))
    assert usual_distance(index) == pytest.approx(np.median(distance), rel=0.1)
    assert usual_distance(index) == plain.usual_distance


@pytest.mark.parametrize("n", [0, 2, 26, 1000])
def test_only_so_many_steps_are_shown(vae, n):
    with pytest.raises(ExplorerError) as error:
        met(vae, track(walk(), vae), n)
    assert is_one_sentence(error.value)


# --- ends that are special ------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["linear", "slerp", "density"])
def test_equal_ends_show_one_image_and_say_so(vae, way):
    found = track(walk(way, "row:3", "row:3"), vae)
    one = met(vae, found, 9)
    assert (found.points == found.points[0]).all()
    assert np.ptp(one.images, axis=0).max() < 1e-5
    assert (one.length, one.roughness) == (0, 1)
    assert found.words[-1] == "Both ends are the same latent, so every step shows the same image."


@pytest.mark.parametrize("way", ["linear", "slerp", "density"])
def test_an_end_outside_the_prior_is_reached_and_named(way):
    opened = open_atlas("mnist-vae-2d", "mnist-5k", 5000)
    found = track(walk(way, "row:3", "place:40,-55", projection="raw"), opened)
    assert found.points[-1] == pytest.approx([40, -55])
    assert any(words.startswith("B lies outside the prior") for words in found.words)
    one = met(opened, found, 9)
    assert one.judged[-1].standing == "outside"
    assert np.isfinite(one.images).all()


def test_opposite_ends_of_a_slerp_go_around_the_middle_and_say_so():
    opened = open_atlas("mnist-vae-2d", "mnist-5k", 5000)
    found = track(walk("slerp", "place:1.5,0.5", "place:-1.5,-0.5", projection="raw"), opened)
    assert np.linalg.norm(found.points, axis=1) == pytest.approx(np.hypot(1.5, 0.5), abs=1e-4)
    assert "lie opposite each other" in found.words[-1]


def test_an_end_in_the_middle_has_no_direction_and_slerp_goes_straight(vae):
    found = track(walk("slerp", "mean", "row:3"), vae)
    straight = track(walk("linear", "mean", "row:3"), vae)
    assert found.points == pytest.approx(straight.points)
    assert "has no direction" in found.words[-1]


def test_ends_may_be_samples_classes_and_places(vae):
    found = track(walk("linear", "sample:7", "class:3"), vae)
    sampled = np.random.default_rng(7).standard_normal(20).astype(np.float32)
    assert found.points[0] == pytest.approx(sampled)
    assert found.points[-1] == pytest.approx(
        vae.atlas.mean[vae.atlas.labels == 3].mean(0), abs=1e-5
    )
    assert found.ends[0].startswith("sample of the prior")


# --- other models ---------------------------------------------------------------------------------


def test_every_model_encodes_the_same_images(vae, plain):
    found = track(walk("linear"), plain, vae)
    assert found.points[0] == pytest.approx(latent(plain, 3), abs=1e-6)
    assert found.points[-1] == pytest.approx(latent(plain, 50), abs=1e-6)


@pytest.mark.parametrize("text", ["place:5,6", "sample:7"])
def test_what_belongs_to_one_model_alone_is_its_image_for_the_others(vae, plain, text):
    theirs = subject(vae, text, "umap")
    image = vae.model.decode(theirs.z[None])
    found = track(walk("linear", text, "row:3"), plain, vae)
    assert found.points[0] == pytest.approx(plain.model.encode(image).mean[0], abs=1e-5)
    own = track(walk("linear", text, "row:3"), vae)
    assert own.points[0] == pytest.approx(theirs.z, abs=1e-6)


def test_a_conditional_model_is_told_a_mix_of_both_classes(told):
    labels = told.atlas.labels
    a, b = (int(told.atlas.rows[np.flatnonzero(labels == label)[0]]) for label in (2, 7))
    found = track(walk("linear", f"row:{a}", f"row:{b}"), told)
    z, weights = found.at(np.array([0, 0.5, 0.75, 1]))
    one, other = np.eye(10)[[2, 7]]
    expected = [one, (one + other) / 2, 0.25 * one + 0.75 * other, other]
    assert weights == pytest.approx(np.array(expected), abs=1e-6)
    assert "mixed too: from all 2 at A" in found.words[-1]
    alike = track(walk("linear", f"row:{a}", f"row:{b}", label=5), told)
    assert (alike.weights == np.eye(10)[5]).all()
    assert alike.words[-1].endswith("every step is drawn as 5.")
    ends = found.images(told, np.array([0.0, 1.0]))
    assert ends == pytest.approx(told.model.decode(z[[0, -1]], np.array([2, 7])), abs=1e-6)


def test_codes_are_mixed_then_requantised_and_this_is_said(codes):
    found = track(walk("linear"), codes)
    one = met(codes, found, 9)
    assert "requantised" in found.words[0]
    read = codes.model.as_read(one.z)
    assert not np.allclose(read[4], one.z[4])
    assert np.array_equal(codes.model.decode(read), one.images)


# --- by hand, and by groups -----------------------------------------------------------------------


def test_a_drawn_line_is_walked_in_even_steps_of_the_latents_it_crosses(vae):
    text = "2_3_5_6_8_4"
    found = track(walk("drawn", stroke=text), vae)
    drawn = np.array([[2, 3], [5, 6], [8, 4]], float)
    assert found.places[0] == pytest.approx(drawn[0])
    assert found.places[-1] == pytest.approx(drawn[-1])
    # Every place lies on the line that was drawn.
    off = [
        np.linalg.norm(geometry.even(drawn, 5000) - place, axis=1).min() for place in found.places
    ]
    assert max(off) < 0.01
    ends = vae.map("umap").latents_at(drawn[[0, -1]])
    assert found.points[[0, -1]] == pytest.approx(ends, abs=1e-5)
    assert found.places_on(vae, "umap")[1]


def test_on_a_raw_map_a_drawn_line_is_its_own_latents(plain):
    found = track(walk("drawn", stroke="-10_0_20_5", projection="raw"), plain)
    assert found.points == pytest.approx(
        geometry.even(np.array([[-10, 0], [20, 5]]), geometry.FINE)
    )
    assert found.points == pytest.approx(found.places, abs=1e-4)


def test_another_model_walks_through_the_images_of_a_drawn_line(vae, plain):
    found = track(walk("drawn", stroke="2_3_8_4"), plain, vae)
    place = vae.map("umap").latents_at(np.array([[2.0, 3.0]]))
    assert found.points[0] == pytest.approx(
        plain.model.encode(vae.model.decode(place)).mean[0], abs=1e-4
    )


def test_a_shift_adds_the_difference_of_two_means_times_its_strength(vae):
    asked = walk("shift", "row:3", plus="class:7", minus="class:1")
    found = track(asked, vae)
    mean = [vae.atlas.mean[vae.atlas.labels == label].mean(0, dtype=np.float64) for label in (7, 1)]
    assert means(asked, vae)[0] == pytest.approx(mean[0])
    strength = np.array([-REACH, -1, 0, 0.5, REACH])
    z, _ = found.at((strength / REACH + 1) / 2)
    assert z == pytest.approx(latent(vae, 3) + strength[:, None] * (mean[0] - mean[1]), abs=1e-5)
    assert found.means == pytest.approx(np.stack(mean))
    same = track(walk("shift", plus="class:7", minus="class:7"), vae)
    assert "changes nothing" in same.words[-1]


def test_a_group_is_all_a_class_or_a_shape_on_a_map(vae, plain):
    assert len(members("all", vae, vae)) == 5000
    assert np.array_equal(members("class:4", vae, vae), np.flatnonzero(vae.atlas.labels == 4))
    xy = vae.map("umap").coordinates[vae.atlas.labels == 4]
    (x0, y0), (x1, y1) = np.quantile(xy, [0.2, 0.8], axis=0)
    shape = polygon_to_text(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
    found = members(f"group:umap:{shape}", vae, vae)
    assert (vae.atlas.labels[found] == 4).mean() > 0.9
    only = members(f"group:umap:{shape}:4", vae, vae)
    assert set(vae.atlas.labels[only]) == {4}
    # The shape lies on the map of the one; the images are the same in the other.
    there = members(f"group:umap:{shape}", plain, vae)
    assert set(plain.atlas.rows[there]) == set(vae.atlas.rows[found])


@pytest.mark.parametrize(
    "text", ["", "class:", "class:77", "class:x", "group:umap", "group:umap:1_2", "nobody"]
)
def test_a_group_that_is_none_is_refused_in_a_sentence(vae, text):
    with pytest.raises(ExplorerError) as error:
        members(text, vae, vae)
    assert is_one_sentence(error.value)


@pytest.mark.parametrize("stroke", ["", "1_2", "1_2_3", "a_b_c_d", "_".join(["1"] * 200)])
def test_a_line_that_is_none_is_refused_in_a_sentence(vae, stroke):
    with pytest.raises(ExplorerError) as error:
        track(walk("drawn", stroke=stroke), vae)
    assert is_one_sentence(error.value)


def test_the_csv_holds_the_latents_of_every_step_and_says_whose_they_are(vae):
    asked = walk("density", "row:3", "sample:7")
    found = met(vae, track(asked, vae), 5)
    rows = list(csv.DictReader(io.StringIO(csv_text(asked, vae, found))))
    assert len(rows) == 5
    first = rows[0]
    assert (first["model"], first["way"], first["from"], first["to"], first["seed"]) == (
        "mnist-vae-20", "density", "row:3", "sample:7", "0",
    )  # fmt: skip
    z = np.array([[float(row[f"z{i}"]) for i in range(1, 21)] for row in rows])
    assert z == pytest.approx(found.z, rel=1e-5, abs=1e-6)
    assert [int(row["nearest_row"]) for row in rows] == found.nearest.tolist()
    assert [float(row["image_change"]) for row in rows][1:] == pytest.approx(
        found.changes, rel=1e-5
    )
    assert [row["standing"] for row in rows] == [judged.standing for judged in found.judged]


def test_the_graph_of_an_atlas_is_built_once(vae):
    assert vae.roads is vae.roads
    assert vae.roads.graph is vae.roads.graph

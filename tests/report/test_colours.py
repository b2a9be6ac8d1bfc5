from approaches import TABLE
from common.report.colours import FREE, SPLIT_COLOURS, colours_of, split_colour

OWN = {"unet": "#56B4E9", "threshold": "#777777", "far_away": "#000000"}


def test_every_shipped_approach_has_a_colour_that_no_other_has():
    colours = [entry.colour for entry in TABLE.values() if not entry.outside]
    assert all(colour.startswith("#") and len(colour) == 7 for colour in colours)
    assert len(set(colours)) == len(colours)


def test_an_approach_keeps_its_own_colour_and_the_others_get_different_ones():
    colours = colours_of(["yours", "unet", "mine", "threshold"], OWN)
    assert (colours["unet"], colours["threshold"]) == ("#56B4E9", "#777777")
    assert len(set(colours.values())) == 4 and colours["mine"] == FREE[0]
    assert colours_of(["yours", "far_away"], OWN)["yours"] != "#000000"


def test_colours_do_not_depend_on_the_order_of_the_names():
    names = ["mine", "yours", "unet"]
    assert colours_of(names) == colours_of(names[::-1])
    assert colours_of(names, OWN) == colours_of(names[::-1], OWN)
    many = colours_of([f"approach_{number}" for number in range(30)])
    assert len(many) == 30 and set(many.values()) == set(FREE)


def test_a_split_has_its_colour_and_an_unknown_one_is_black():
    assert split_colour("val") == SPLIT_COLOURS["val"]
    assert split_colour("elsewhere") == "#000000"

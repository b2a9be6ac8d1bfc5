import json
from dataclasses import replace

import albumentations as A  # noqa: N812 - the name that its documentation uses
import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from approaches.network.augment import (
    STRENGTHS,
    CropAffine,
    Crops,
    augmentation,
    described,
    seen_at,
    window,
)
from approaches.network.losses import LOSSES, NOTHING, build_loss
from common.coco import has_object
from common.data import DataSet, Sample


def crops(data_set, strength="full", seed=0, **more):
    settings = {"crop_px": 64, "object_share": 0.8, "epoch_length": 16} | more
    return Crops(data_set, strength=strength, seed=seed, **settings)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_crop_depends_on_seed_and_place_alone(sample_data, strength):
    forwards, backwards = crops(sample_data.fit, strength), crops(sample_data.fit, strength)
    first = [forwards[place] for place in range(6)]
    again = [backwards[place] for place in reversed(range(6))][::-1]
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    image, target = first[0]
    assert image.shape == (3, 64, 64) and image.dtype == torch.uint8
    assert target.shape == (1, 64, 64) and set(target.unique().tolist()) <= {0, 1, NOTHING}


def test_epochs_and_seeds_see_different_crops(sample_data):
    stream = crops(sample_data.fit)
    assert not any(same(stream[place], stream[place + 16]) for place in range(4))
    assert not any(
        same(stream[place], crops(sample_data.fit, seed=1)[place]) for place in range(4)
    )


def test_every_image_comes_once_before_one_comes_twice(sample_data):
    count = len(sample_data.fit)
    stream = crops(sample_data.fit, epoch_length=2 * count)
    indices = [stream.image_index(place) for place in range(4 * count)]
    rounds = np.reshape(indices, (4, count)).tolist()
    assert all(sorted(one) == list(range(count)) for one in rounds)
    assert rounds[0] != rounds[2]


def test_a_share_of_the_crops_shows_generated_scenes(sample_data):
    plain, mixed, again = (
        crops(sample_data.fit, "none", generated_share=share) for share in (0.0, 0.5, 0.5)
    )
    assert all(same(mixed[place], again[place]) for place in range(6))
    assert sum(not same(plain[place], mixed[place]) for place in range(12)) >= 2
    generated = mixed._generated(3)
    assert generated.image.shape[:2] == generated.mask.shape == generated.ignore.shape


def test_each_strength_changes_what_its_name_says():
    """A ramp: without geometry its columns stay in order, without photometry its values stay those
    of the ramp.
    """
    ramp = np.tile(np.arange(96, dtype=np.uint8)[None, :, None] * 2, (96, 1, 3))
    mask = np.zeros((96, 96), np.uint8)
    mask[:, 40:56] = 1
    moved, recoloured = {}, {}
    for strength in STRENGTHS:
        transform = augmentation(strength, 64)
        transform.set_random_seed(1)
        drawn = [transform(image=ramp, mask=mask) for _ in range(20)]
        moved[strength] = any((one["mask"] != drawn[0]["mask"]).any() for one in drawn)
        recoloured[strength] = any(
            (np.ptp(one["image"].astype(int), axis=2) > 0).any() for one in drawn
        )
    assert moved == {"none": False, "geometric": True, "photometric": False, "full": True}
    assert recoloured == {"none": False, "geometric": False, "photometric": True, "full": True}


def test_one_transform_does_not_decide_on_another(sample_data):
    """By one seed for each, blur and noise, which are as frequent, would always come together."""
    stream = crops(sample_data.fit, "full")
    transform, applied = A.ReplayCompose(stream.transform.transforms), []

    def watched(**window):
        drawn = transform(**window)
        steps = drawn["replay"]["transforms"]
        applied.append({one["__class_fullname__"]: one["applied"] for one in steps})
        return drawn

    watched.set_random_state = transform.set_random_state
    stream.transform = watched
    for place in range(80):
        stream[place]
    named = ["GaussNoise", "OneOf", "ImageCompression", "RandomGamma"]
    table = pd.DataFrame(applied).astype(float)[named]
    together = table.corr().to_numpy()[np.triu_indices(4, 1)]
    assert np.abs(together).max() < 0.4 and table.mean().between(0.05, 0.5).all()


def test_turning_the_crop_alone_gives_the_middle_of_the_turned_window():
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (109, 109, 3)).astype(np.uint8), (0, 0), 2)
    mask = (image[..., 0] > 128).astype(np.uint8)
    settings = {"rotate": (-45, 45), "shear": (-10, 10), "p": 1.0}
    crop = A.CenterCrop(64, 64)
    alone = A.Compose([CropAffine(64, **settings), crop])
    whole = A.Compose([A.Affine(**settings), crop])
    for seed in range(10):
        drawn = []
        for transform in (alone, whole):
            transform.set_random_seed(seed)
            drawn.append(transform(image=image, mask=mask))
        difference = np.abs(drawn[0]["image"].astype(int) - drawn[1]["image"])
        assert difference.max() <= 1 and (drawn[0]["mask"] != drawn[1]["mask"]).mean() < 0.001


def test_crops_near_objects_hold_more_object(sample_data):
    near, anywhere = (crops(sample_data.fit, "none", object_share=share) for share in (1.0, 0.0))
    shares = [
        np.mean([(stream[place][1] == 1).any().item() for place in range(40)])
        for stream in (near, anywhere)
    ]
    assert shares[0] > shares[1] + 0.2  # images without an object keep the first below one


def test_ignored_pixels_teach_nothing(sample_data):
    image = torch.zeros(2, 1, 8, 8, requires_grad=True)
    for name in LOSSES:
        target = torch.full((2, 1, 8, 8), float(NOTHING))
        target[:, :, :4] = (torch.arange(8) % 2).float()
        build_loss(name)(image, target).backward()
        assert image.grad[:, :, 4:].abs().max() == 0, name
        assert torch.isfinite(image.grad).all() and image.grad.abs().sum() > 0, name
        image.grad = None


@pytest.mark.parametrize("name", ["bce", "bce_dice", "bce_lovasz"])
def test_losses_learn_from_crops_without_an_object(name):
    logits = torch.ones(2, 1, 8, 8, requires_grad=True)
    loss = build_loss(name)(logits, torch.zeros(2, 1, 8, 8))
    loss.backward()
    assert torch.isfinite(loss) and logits.grad.sum() > 0


def test_window_mirrors_what_lies_beyond_the_border():
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert window(picture, (1, 2), 2).tolist() == picture[0:2, 1:3].tolist()
    assert window(picture, (0, 0), 4)[2:, 2:].tolist() == picture[:2, :2].tolist()
    assert window(np.full((1, 1), 7, np.uint8), (0, 0), 8).tolist() == [[7] * 8] * 8


def test_what_lies_beyond_the_border_teaches_nothing_and_the_window_follows_the_zoom():
    """A picture of columns: zoomed out, the window takes in more of them at the same size."""
    image = np.tile(np.arange(100, dtype=np.uint8)[None, :, None] * 2, (100, 1, 3))
    target = np.ones((100, 100), np.uint8)
    for zoom, first, last in ((1.0, 30, 69), (0.5, 10, 89), (2.0, 40, 59)):
        seen, truth = seen_at(image, target, (50, 50), 40, zoom)
        assert seen.shape == (40, 40, 3) and truth.shape == (40, 40)
        assert (
            abs(int(seen[0, 0, 0]) - 2 * first) <= 2 and abs(int(seen[0, -1, 0]) - 2 * last) <= 2
        )
        assert (truth == 1).all()
    seen, truth = seen_at(image, target, (50, 50), 40, 0.2)  # 200 px of a picture of 100
    assert (truth == 1).sum() == 20 * 20 and (truth == NOTHING).sum() == 40 * 40 - 20 * 20
    assert (truth[10:30, 10:30] == 1).all()


@pytest.mark.parametrize("strength", ["geometric", "full"])
def test_no_crop_shows_a_mirrored_object_that_counts(sample_data, strength):
    """Of an image that is all object, every crop is object or `NOTHING`."""

    class OneImage:
        entries = sample_data.fit.entries[:1]

        def __len__(self):
            return 1

        def __getitem__(self, index):
            full = np.ones((60, 60), bool)
            return Sample(1, np.zeros((60, 60, 3), np.uint8), full, ~full)

    targets = [crops(OneImage(), strength, zoom=(0.3, 1.0))[place][1] for place in range(20)]
    assert all(set(target.unique().tolist()) <= {1, NOTHING} for target in targets)
    assert sum((target == NOTHING).any().item() for target in targets) > 10


def test_images_without_an_object_come_as_often_as_was_set(sample_data):
    bare = [index for index, entry in enumerate(sample_data.fit.entries) if not has_object(entry)]
    count = len(sample_data.fit)
    assert 0 < len(bare) < 0.5 * count
    length = 4 * count
    stream = crops(sample_data.fit, epoch_length=length, background_share=0.25)
    drawn = [stream.image_index(place) for place in range(2 * length)]
    assert sum(index in bare for index in drawn[:length]) == length // 4
    counts = np.bincount(drawn[:length], minlength=count)
    assert np.ptp(counts[bare]) <= 1 and np.ptp(np.delete(counts, bare)) <= 1
    assert drawn[:length] != drawn[length:]


def test_few_images_without_an_object_are_not_shown_over_and_over(sample_data):
    fit = sample_data.fit
    bare = [entry.image_id for entry in fit.entries if not has_object(entry)]
    few = fit.subset([image_id for image_id in fit.ids if image_id not in bare[1:]])
    length = 8 * len(few)
    stream = crops(few, epoch_length=length, background_share=0.9)
    counts = np.bincount([stream.image_index(place) for place in range(length)])
    index = few.ids.index(bare[0])
    assert 3 < counts[index] / np.delete(counts, index).mean() < 5


def of_field(data_set, count):
    """The data set with its first images with objects as what was learned of a field."""
    entries = list(data_set.entries)
    chosen = [index for index, entry in enumerate(entries) if has_object(entry)][:count]
    for index in chosen:
        entries[index] = replace(entries[index], is_added=True)
    return DataSet(entries, data_set.groups), chosen


@pytest.mark.parametrize("background_share", [None, 0.25])
def test_what_is_learned_of_a_field_comes_as_often_as_was_set(sample_data, background_share):
    data_set, chosen = of_field(sample_data.fit, 4)
    length = 20 * len(data_set)
    shares = {"background_share": background_share, "field_share": 0.3}
    stream = crops(data_set, epoch_length=length, **shares)
    counts = np.bincount([stream.image_index(place) for place in range(length)])
    assert counts[chosen].sum() == pytest.approx(0.3 * length, abs=1)
    assert np.ptp(counts[chosen]) <= 1 and (counts > 0).all()
    if background_share is not None:
        bare = [index for index, one in enumerate(data_set.entries) if not has_object(one)]
        assert counts[bare].sum() == pytest.approx(background_share * length, abs=1)


@pytest.mark.parametrize("background_share", [None, 0.25])
def test_without_a_share_what_is_learned_of_a_field_comes_as_often_as_the_rest(
    sample_data, background_share
):
    data_set, chosen = of_field(sample_data.fit, 4)
    length = 20 * len(data_set)
    stream = crops(data_set, epoch_length=length, background_share=background_share)
    counts = np.bincount([stream.image_index(place) for place in range(length)])
    shown = [index for index, one in enumerate(data_set.entries) if has_object(one)]
    assert np.ptp(counts[shown]) <= 1 and counts[chosen].min() > 0


def test_few_photos_of_a_field_are_not_shown_over_and_over(sample_data):
    data_set, (index,) = of_field(sample_data.fit, 1)
    length = 8 * len(data_set)
    stream = crops(data_set, epoch_length=length, field_share=0.9)
    counts = np.bincount([stream.image_index(place) for place in range(length)])
    assert 3 < counts[index] / np.delete(counts, index).mean() < 5


def test_without_a_field_its_share_changes_no_crop(sample_data):
    settings = {"paste_share": 0.5, "background_share": 0.3}
    plain = crops(sample_data.fit, **settings)
    asked = crops(sample_data.fit, **settings, field_share=0.2)
    assert all(same(plain[place], asked[place]) for place in range(12))


def test_objects_are_pasted_on_images_without_one_as_often_as_on_the_others(sample_data):
    stream = crops(
        sample_data.fit, "none", paste_share=0.5, background_share=0.5, object_share=0.0
    )
    plain = crops(sample_data.fit, "none", background_share=0.5, object_share=0.0)
    changed = {True: [], False: []}
    for place in range(160):
        bare = not has_object(sample_data.fit.entries[stream.image_index(place)])
        changed[bare].append(not same(stream[place], plain[place]))
    shares = [np.mean(changed[bare]) for bare in (True, False)]
    assert min(shares) > 0.3 and max(shares) < 0.7


def test_the_augmentation_is_told_as_json_and_unknown_names_are_refused():
    described_steps = json.loads(json.dumps(described("full", 64, (0.5, 2.0))))
    assert described_steps[0]["scale"] == [0.5, 2.0]
    assert len(described_steps) == len(augmentation("full", 64).transforms) + 1 > 6
    with pytest.raises(ValueError, match="none, geometric, photometric, full"):
        augmentation("wild", 64)
    with pytest.raises(ValueError, match="bce_dice"):
        build_loss("hinge")

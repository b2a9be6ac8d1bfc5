import numpy as np
import torch
from torch import nn

from approaches.network import training
from approaches.network.augment import Crops
from approaches.network.hard_negatives import largest_regions, seen_wrongly
from approaches.network.preparation import preparation_steps
from common.coco import has_object
from common.data import Sample
from tests.network.test_training import SMALL, cut_off, trained, weights

HARD = SMALL.with_values({"hard_share": 1.0, "background_share": 0.5})


class SeesRed(nn.Module):
    """Takes for an object what is red."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images):
        return (images[:, :1].float() - 128) * self.weight


def bare_places(images):
    return [place for place, entry in enumerate(images.entries) if not has_object(entry)]


def test_the_largest_regions_come_first_and_specks_not_at_all():
    mask = np.zeros((60, 80), bool)
    mask[2:6, 2:8] = mask[20:40, 30:50] = True  # 24 and 400 pixels
    mask[50:53, 70:73] = True  # 9
    assert largest_regions(mask) == [(30, 40), (4, 4)]
    assert largest_regions(np.zeros((5, 5), bool)) == []
    every = np.zeros((100, 100), bool)
    for place in range(8):
        every[5:10, slice(12 * place, 12 * place + 6)] = True
    assert len(largest_regions(every)) == 5


def test_what_is_ignored_is_not_seen_wrongly():
    image = np.zeros((64, 96, 3), np.uint8)
    image[10:20, 10:20, 0] = image[40:50, 70:80, 0] = 255
    ignored = np.zeros((64, 96), bool)
    ignored[:, 60:] = True
    samples = [Sample(k, image, np.zeros((64, 96), bool), ignored) for k in range(3)]
    assert seen_wrongly(SeesRed().eval(), samples, [0, 2], 32) == [(0, 14, 14), (2, 14, 14)]


def test_crops_of_images_without_an_object_lie_where_the_network_saw_one(sample_data):
    fit = sample_data.fit
    bare = bare_places(fit)
    spot = bare[0], 20, 30
    settings = {"crop_px": 32, "strength": "none", "object_share": 0.0, "seed": 0}
    settings |= {"epoch_length": 64, "background_share": 0.5}
    plain, hard = (Crops(fit, **settings, hard_share=share) for share in (0.0, 1.0))
    assert all(torch.equal(plain[place][0], hard[place][0]) for place in range(16))
    hard.seen_wrongly = [spot]
    around = np.pad(fit[bare[0]].image, ((64, 64), (64, 64), (0, 0)), "symmetric")
    around = around[57:111, 67:121]
    for place in range(24):
        drawn = hard[place][0].numpy().transpose(1, 2, 0)
        if plain.image_index(place) in bare:
            windows = np.lib.stride_tricks.sliding_window_view(around, (32, 32, 3))
            assert (windows == drawn).all((-3, -2, -1)).any()
        else:
            assert torch.equal(plain[place][0], hard[place][0])


def test_few_images_that_mislead_are_not_shown_over_and_over(sample_data):
    bare = bare_places(sample_data.fit)
    settings = {"crop_px": 32, "strength": "none", "object_share": 0.0, "seed": 0}
    stream = Crops(sample_data.fit, **settings, epoch_length=64, hard_share=1.0)
    stream.go_to([(bare[0], 1, 1), (bare[0], 9, 9)])
    assert stream.hard_share == min(1.0, 4 / len(bare))
    stream.go_to([])
    assert stream.hard_share == 0 and torch.equal(stream[0][0], stream[0][0])


def test_a_training_looks_once_after_half_of_its_steps_and_remembers(
    sample_data, tmp_path, monkeypatch
):
    spot, looked = (bare_places(sample_data.fit)[0], 30, 30), []

    def finds_one(*_):
        looked.append(1)
        return [spot]

    monkeypatch.setattr(training, "seen_wrongly", finds_one)
    straight, _ = trained(sample_data, tmp_path / "straight", config=HARD)
    assert len(looked) == 1
    without, _ = trained(sample_data, config=HARD.with_values({"hard_share": 0.0}))
    assert len(looked) == 1
    assert any(
        not torch.equal(value, weights(without)[key]) for key, value in weights(straight).items()
    )
    cut_off(monkeypatch, 8, sample_data, tmp_path / "resumed", config=HARD)
    assert len(looked) == 2
    resumed, _ = trained(sample_data, tmp_path / "resumed", config=HARD)
    assert len(looked) == 2
    assert all(
        torch.equal(value, weights(resumed)[key]) for key, value in weights(straight).items()
    )


def test_the_report_says_where_crops_without_an_object_lie():
    told = [step.done for step in preparation_steps(HARD, {}, "those of ImageNet")]
    assert "100 % of them where the half-trained network saw one" in told

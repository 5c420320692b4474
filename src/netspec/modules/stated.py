"""How the paper of an architecture, or its released code, says that its networks start."""

from __future__ import annotations

#: The scheme that an entry's paper states, and where. Entries that are not here have a paper that does not say.
STATED = {
    "LeNet": ("lecun-98", "LeCun et al. 1998, appendix A"),
    "AlexNet": ("normal-0.01", "Krizhevsky et al. 2012, sec. 5; its biases of one in some layers start at zero here"),
    "VGG": ("glorot", "Simonyan & Zisserman 2014, sec. 3.1, footnote on training without pre-training"),
    "Highway Networks": ("he", "Srivastava et al. 2015, sec. 3"),
    "ResNet": ("he", "He et al. 2015 (arXiv:1512.03385), sec. 3.4"),
    "WRN (Wide ResNet)": ("he", "Zagoruyko & Komodakis 2016, sec. 3"),
    "DenseNet": ("he", "Huang et al. 2016, sec. 4.2"),
    "Swin Transformer": ("timm", "Liu et al. 2021, released code"),
    "ConvNeXt": ("deit", "Liu et al. 2022, released code"),
    "Mask R-CNN": ("he", "He et al. 2017, whose code starts the mask head so; its trunk and its boxes start otherwise"),
    "DETR": ("glorot", "Carion et al. 2020, sec. A.4"),
    "UNet": ("he", "Ronneberger et al. 2015, sec. 3"),
    "SegFormer": ("segformer", "Xie et al. 2021, released code of the encoder"),
    "VAE": ("normal-0.01", "Kingma & Welling 2013, sec. 5"),
    "DCGAN": ("normal-0.02", "Radford et al. 2015, sec. 4"),
    "Pix2Pix": ("normal-0.02", "Isola et al. 2016, sec. 6.2"),
    "CycleGAN": ("normal-0.02", "Zhu et al. 2017, sec. 7"),
    "BERT / RoBERTa": ("bert", "Devlin et al. 2018, released code"),
    "GPT-1 / GPT-2": ("normal-0.02", "Radford et al. 2018, sec. 4.1; GPT-2's scaling of residual maps is left out"),
    "Nyströmformer": ("normal-0.02", "Xiong et al. 2021, released code, after BERT"),
    "DDPM": ("glorot", "Ho et al. 2020, released code but for the last map, which starts near zero there"),
    "AlphaFold 2 Evoformer": (
        "lecun-cut",
        "Jumper et al. 2021, supplement 1.11.4; its zeros at the end of branches are left out",
    ),
    "MobileNet V2": ("he-fan-out", "Sandler et al. 2018, torchvision but for the head, normal with std 0.01 there"),
    "EfficientNet": ("efficientnet", "Tan & Le 2019, released code"),
    "EfficientNet V2": ("efficientnet", "Tan & Le 2021, released code"),
    "ViT": ("vit", "Dosovitskiy et al. 2020, released code"),
}

#: What an entry gets whose paper does not say how its network started.
UNSTATED = "he"

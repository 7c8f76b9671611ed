"""The topologies: name -> how to build it, what its inputs are, and how it is exported. Weights are random: no download."""

from dataclasses import dataclass
from typing import Callable

import torch
from torch import nn

import networks

library = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    # Where the wheel's native library does not load, torchvision still imports once these are declared.
    if not hasattr(torch.ops.torchvision, operator):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import timm  # noqa: E402
import torchvision  # noqa: E402
import transformers  # noqa: E402


@dataclass(frozen=True)
class Topology:
    build: Callable[[], nn.Module]
    # Input name -> (kind, shape of one sample without the batch): image, wave, spectrum or tokens.
    inputs: dict
    # None: torch's default exporter; a number: the older one, at this opset.
    legacy_opset: int | None = None


def image(build, size=64, channels=3, legacy_opset=None):
    return Topology(build, {"x": ("image", (channels, size, size))}, legacy_opset)


def tv(name, size=64, legacy_opset=None, **options):
    return image(lambda: getattr(torchvision.models, name)(weights=None, **options), size, legacy_opset=legacy_opset)


def tm(name, size=64, legacy_opset=None, **options):
    return image(lambda: timm.create_model(name, pretrained=False, **options), size, legacy_opset=legacy_opset)


def hidden(model):
    """A transformer whose first output alone is wanted."""

    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *inputs):
            return self.model(*inputs)[0]

    return First()


def text(kind, length=32, legacy_opset=None, **options):
    def build():
        config = getattr(transformers, f"{kind}Config")(vocab_size=1000, **options)
        return hidden(getattr(transformers, f"{kind}Model")._from_config(config, attn_implementation="eager"))

    return Topology(build, {"input_ids": ("tokens", (length, 1000))}, legacy_opset)


def segmentation(name, size=64, legacy_opset=None):
    class Out(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=21)

        def forward(self, x):
            return self.model(x)["out"]

    return image(Out, size, legacy_opset=legacy_opset)


BERT = dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512)

topologies = {
    # The early CNNs, with their large fully connected layers.
    "alexnet": tv("alexnet", 224),
    "alexnet_lrn": image(networks.OldAlexNet, 96),
    "alexnet_lrn_legacy": image(networks.OldAlexNet, 96, legacy_opset=13),
    "vgg11": tv("vgg11", 64),
    "vgg11_bn_small": tm("vgg11_bn", 64, num_classes=10, legacy_opset=13),
    "squeezenet1_1": tv("squeezenet1_1"),
    "googlenet": tv("googlenet", 96, aux_logits=False, init_weights=False),
    "inception_v3": tm("inception_v3", 96, legacy_opset=17),
    # Residual and dense nets.
    "resnet18": tv("resnet18"),
    "resnet18_legacy": tv("resnet18", legacy_opset=11),
    "resnet50": tv("resnet50"),
    "resnext26": tm("resnext26ts"),
    "wide_se_resnet18": tm("seresnet18"),
    "densenet121": tv("densenet121"),
    "res2net50": tm("res2net50_14w_8s", legacy_opset=17),
    "dpn48b": tm("dpn48b"),
    "dla46_c": tm("dla46_c"),
    "hrnet_w18_small": tm("hrnet_w18_small"),
    "skresnet18": tm("skresnet18"),
    "resnest14d": tm("resnest14d"),
    "eca_nfnet_l0": tm("eca_nfnet_l0"),
    "darknet17": tm("darknet17"),
    "cspresnet50": tm("cspresnet50", legacy_opset=16),
    # Nets for phones.
    "mobilenet_v2": tv("mobilenet_v2"),
    "mobilenet_v2_legacy": tv("mobilenet_v2", legacy_opset=13),
    "mobilenet_v3_small": tv("mobilenet_v3_small"),
    "mobilenet_v3_large": tv("mobilenet_v3_large"),
    "mobilenet_v3_small_legacy": tv("mobilenet_v3_small", legacy_opset=17),
    "efficientnet_b0": tv("efficientnet_b0"),
    "efficientnet_lite0": tm("efficientnet_lite0"),
    "mnasnet_small": tm("mnasnet_small"),
    "shufflenet_v2_x0_5": tv("shufflenet_v2_x0_5"),
    "regnet_y_400mf": tv("regnet_y_400mf"),
    "regnetx_002": tm("regnetx_002"),
    "ghostnet_050": tm("ghostnet_050"),
    "lcnet_050": tm("lcnet_050"),
    "tinynet_e": tm("tinynet_e"),
    "hardcorenas_a": tm("hardcorenas_a"),
    "mobileone_s0": tm("mobileone_s0"),
    "repvgg_a0": tm("repvgg_a0"),
    "starnet_s050": tm("starnet_s050"),
    "mobilefacenet": image(networks.MobileFaceNet, 64),
    # Transformers, and nets after them.
    "convnext_atto": tm("convnext_atto"),
    "vit_tiny": tm("vit_tiny_patch16_224", 224),
    "vit_tiny_legacy": tm("vit_tiny_patch16_224", 96, legacy_opset=17, img_size=96),
    "deit_tiny": tm("deit_tiny_distilled_patch16_224", 96, img_size=96),
    "swin_tiny": tm("swin_tiny_patch4_window7_224", 224),
    "xcit_nano": tm("xcit_nano_12_p16_224", 96, img_size=96),
    "mixer_s32": tm("mixer_s32_224", 224),
    "gmlp_tiny": tm("gmlp_ti16_224", 224),
    "resmlp_12": tm("resmlp_12_224", 224, legacy_opset=17),
    "poolformer_s12": tm("poolformer_s12"),
    "mobilevit_xxs": tm("mobilevit_xxs", 128),
    "edgenext_xx_small": tm("edgenext_xx_small", 96),
    "efficientvit_b0": tm("efficientvit_b0", 96),
    "levit_128s": tm("levit_128s", 224),
    "fastvit_t8": tm("fastvit_t8", 96),
    "bert_tiny": text("Bert", **BERT),
    "bert_tiny_legacy": text("Bert", legacy_opset=14, **BERT),
    "distilbert_tiny": text("DistilBert", dim=128, n_layers=2, n_heads=2, hidden_dim=512),
    "gpt2_tiny": text("GPT2", n_embd=128, n_layer=2, n_head=2),
    # Dense prediction.
    "unet": image(lambda: networks.UNet(3, 16, 2), 64),
    "unet_transposed": image(lambda: networks.UNet(3, 16, 2, transposed=True), 64, legacy_opset=13),
    "yolo_nano": image(networks.YoloNano, 96),
    "yolo_nano_legacy": image(networks.YoloNano, 96, legacy_opset=12),
    "deeplab_mobilenet": segmentation("deeplabv3_mobilenet_v3_large"),
    "lraspp_mobilenet": segmentation("lraspp_mobilenet_v3_large", legacy_opset=17),
    "fcn_resnet50": segmentation("fcn_resnet50"),
    "espcn": image(networks.Espcn, 48, channels=1),
    "style_transfer": image(networks.StyleTransfer, 64),
    "autoencoder": image(networks.AutoEncoder, 32),
    # Sound and sequences.
    "tc_resnet8": Topology(networks.TcResNet, {"x": ("spectrum", (40, 100))}),
    "ds_cnn": image(networks.DsCnn, 48, channels=1),
    "kws_gru": Topology(lambda: networks.Recurrent(nn.GRU), {"x": ("spectrum", (40, 50))}),
    "kws_lstm": Topology(lambda: networks.Recurrent(nn.LSTM, bidirectional=True), {"x": ("spectrum", (40, 50))}),
    "kws_lstm_legacy": Topology(lambda: networks.Recurrent(nn.LSTM, bidirectional=True), {"x": ("spectrum", (40, 50))}, 13),
    "kws_rnn_legacy": Topology(lambda: networks.Recurrent(nn.RNN), {"x": ("spectrum", (40, 50))}, 14),
    "wave_m5": Topology(networks.M5, {"x": ("wave", (1, 4000))}),
    "conv_tasnet": Topology(networks.ConvTasNet, {"x": ("wave", (1, 2000))}),
    "crnn": image(networks.Crnn, 64, channels=1),
    "mlp": Topology(lambda: networks.mlp(40 * 10), {"x": ("spectrum", (40, 10))}),
}

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
        library.impl(operator, lambda boxes, scores, threshold: suppressed(boxes, scores, threshold), "CPU")


def suppressed(boxes, scores, threshold):
    """Non-maximum suppression as torchvision defines it, for exporters that run a model to trace it."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    left, chosen = scores.argsort(descending=True).tolist(), []
    while left:
        best = left.pop(0)
        chosen.append(best)
        corner = torch.minimum(boxes[left, 2:], boxes[best, 2:]) - torch.maximum(boxes[left, :2], boxes[best, :2])
        shared = corner.clamp(min=0).prod(1)
        left = [one for one, overlap in zip(left, shared / (areas[left] + areas[best] - shared)) if overlap <= threshold]
    return torch.tensor(chosen, dtype=torch.int64)


import timm  # noqa: E402
import torchvision  # noqa: E402
import transformers  # noqa: E402


@dataclass(frozen=True)
class Topology:
    build: Callable[[], nn.Module]
    # Input name -> (kind, shape of one sample without the batch): image, wave, spectrum, tokens, normal or ones.
    inputs: dict
    # None: torch's default exporter; a number: the older one, at this opset.
    legacy_opset: int | None = None
    # Of torch's default exporter; None: its own choice.
    opset: int | None = None
    # Input name -> {axis: name} of the axes that may have any length.
    dynamic: dict | None = None
    # Weights and computation in float16; inputs and outputs too.
    half: bool = False
    # Weights in a file beside the model.
    external: bool = False


def image(build, size=64, channels=3, legacy_opset=None):
    return Topology(build, {"x": ("image", (channels, size, size))}, legacy_opset)


def tv(name, size=64, legacy_opset=None, **options):
    return image(lambda: getattr(torchvision.models, name)(weights=None, **options), size, legacy_opset=legacy_opset)


def tm(name, size=64, legacy_opset=None, opset=None, dynamic=None, half=False, external=False, **options):
    build = lambda: timm.create_model(name, pretrained=False, **options)
    return Topology(build, {"x": ("image", (3, size, size))}, legacy_opset, opset, dynamic, half, external)


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


def networks_t5(legacy_opset=None):
    def build():
        sizes = dict(d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu")
        config = transformers.T5Config(vocab_size=1000, **sizes, use_cache=False, decoder_start_token_id=0)
        model = transformers.T5ForConditionalGeneration(config)

        class Scores(nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, input_ids, decoder_input_ids):
                return self.model(input_ids=input_ids, decoder_input_ids=decoder_input_ids).logits

        return Scores()

    return Topology(build, {"input_ids": ("tokens", (24, 1000)), "decoder_input_ids": ("tokens", (8, 1000))}, legacy_opset)


def llama(legacy_opset=None):
    """One step of a decoder that is given its cache: root mean square normalization, rotated keys, SiLU gates, grouped heads."""
    past = (2, 16, 16)
    inputs = {"input_ids": ("tokens", (1, 1000)), **{f"past_{i}_{part}": ("normal", past) for i in range(2) for part in ("key", "value")}}
    dynamic = {name: {0: "batch", 2: "past"} for name in inputs if name != "input_ids"}
    return Topology(networks.CachedDecoder, inputs, legacy_opset, dynamic={"input_ids": {0: "batch"}, **dynamic} if legacy_opset else None)


def whisper(**options):
    sizes = dict(d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=128, decoder_ffn_dim=128)
    return transformers.WhisperConfig(vocab_size=1000, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, num_mel_bins=40, max_source_positions=50, max_target_positions=32, **sizes, **options)


def whisper_encoder():
    def build():
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        return hidden(WhisperEncoder._from_config(whisper(), attn_implementation="eager"))

    return Topology(build, {"input_features": ("spectrum", (40, 100))})


def whisper_decoder():
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = transformers.WhisperForConditionalGeneration._from_config(whisper(use_cache=False), attn_implementation="eager")

        def forward(self, encoded, input_ids):
            return self.model(encoder_outputs=(encoded,), decoder_input_ids=input_ids).logits

    return Topology(Scores, {"encoded": ("normal", (50, 64)), "input_ids": ("tokens", (8, 1000))})


def wav2vec2():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)
            config = transformers.Wav2Vec2Config(vocab_size=32, conv_dim=(32,) * 3, conv_stride=(5, 4, 4), conv_kernel=(10, 4, 4), **sizes)
            self.model = transformers.Wav2Vec2ForCTC._from_config(config, attn_implementation="eager")

        def forward(self, wave):
            return self.model(wave[:, 0]).logits

    return Topology(Flat, {"wave": ("wave", (1, 2000))}, legacy_opset=17)


def masked_bert():
    """With the mask as an input and any batch and length, as models for servers are exported."""

    def build():
        config = transformers.BertConfig(vocab_size=1000, **BERT)
        model = transformers.BertForTokenClassification._from_config(config, attn_implementation="eager")

        class Scores(nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, input_ids, attention_mask):
                return self.model(input_ids, attention_mask=attention_mask).logits

        return Scores()

    inputs = {"input_ids": ("tokens", (32, 1000)), "attention_mask": ("ones", (32,))}
    return Topology(build, inputs, 14, dynamic={name: {0: "batch", 1: "length"} for name in inputs})


def vision(kind, config, size, legacy_opset=None, attribute=None, **options):
    class Out(nn.Module):
        def __init__(self):
            super().__init__()
            made = getattr(transformers, config)(**options)
            self.model = getattr(transformers, kind)._from_config(made, attn_implementation="eager")

        def forward(self, x):
            result = self.model(x)
            return getattr(result, attribute) if attribute else result[0]

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
    "mobilevitv2_050": tm("mobilevitv2_050", 64),
    "efficientformer_l1": tm("efficientformer_l1", 224, depths=(1, 1, 1, 2), embed_dims=(24, 48, 64, 96)),
    "coatnet_pico": tm("coatnet_pico_rw_224", 64, img_size=64, legacy_opset=17),
    "inception_next_atto": tm("inception_next_atto", 64),
    "pvt_v2_b0": tm("pvt_v2_b0", 64, legacy_opset=16),
    "cait_xxs24": tm("cait_xxs24_224", 64, img_size=64, depth=3, embed_dim=96, num_heads=2),
    "visformer_tiny": tm("visformer_tiny", 64, img_size=64, embed_dim=96, depth=(2, 1, 1)),
    "convit_tiny": tm("convit_tiny", 64, img_size=64, depth=11, embed_dim=16, legacy_opset=15),
    "crossvit_tiny": tm("crossvit_tiny_240", 240, legacy_opset=17),
    "repvit_m0_9": tm("repvit_m0_9", 64),
    "mobilenetv4_small_050": tm("mobilenetv4_conv_small_050", 64, opset=20),
    "eva02_tiny": tm("eva02_tiny_patch14_224", 56, img_size=56, depth=2),
    "fasternet_t0": tm("fasternet_t0", 64),
    "mambaout_femto": tm("mambaout_femto", 64, depths=(1, 1, 2, 1)),
    "hgnetv2_b0": tm("hgnetv2_b0", 64, legacy_opset=11),
    "sequencer2d": tm("sequencer2d_s", 64, layers=(1, 1, 1, 1), img_size=64),
    "botnet": tm("botnet26t_256", 64, img_size=64),
    "lambda_resnet": tm("lambda_resnet26t", 64, img_size=64, legacy_opset=17),
    "nfnet_tiny": tm("test_nfnet", 96, half=True),
    "byobnet_tiny": tm("test_byobnet", 96, external=True, dynamic={"x": {0: "batch"}}),
    "res2next50": tm("res2next50", 64),
    "levit_128s": tm("levit_128s", 224),
    "fastvit_t8": tm("fastvit_t8", 96),
    "bert_tiny": text("Bert", **BERT),
    "bert_tiny_legacy": text("Bert", legacy_opset=14, **BERT),
    "distilbert_tiny": text("DistilBert", dim=128, n_layers=2, n_heads=2, hidden_dim=512),
    "gpt2_tiny": text("GPT2", n_embd=128, n_layer=2, n_head=2),
    "albert_tiny": text("Albert", embedding_size=64, **BERT),
    "electra_tiny": text("Electra", embedding_size=64, **BERT),
    "mobilebert_tiny": text("MobileBert", legacy_opset=14, hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, intra_bottleneck_size=64, embedding_size=64),
    "roformer_tiny": text("RoFormer", embedding_size=64, **BERT),
    "t5_legacy": networks_t5(legacy_opset=14),
    "llama_cache": llama(),
    "llama_cache_legacy": llama(legacy_opset=17),
    "whisper_encoder": whisper_encoder(),
    "whisper_decoder": whisper_decoder(),
    "wav2vec2_tiny": wav2vec2(),
    "masked_bert": masked_bert(),
    # Dense prediction.
    "segformer": vision("SegformerForSemanticSegmentation", "SegformerConfig", 64, num_encoder_blocks=4, depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 48, 64], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=64),
    "dpt_depth": vision("DPTForDepthEstimation", "DPTConfig", 64, image_size=64, hidden_size=64, num_hidden_layers=4, num_attention_heads=2, intermediate_size=128, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 32, 48, 48], fusion_hidden_size=32, legacy_opset=17),
    "ssd_nms": image(networks.Ssd, 96, legacy_opset=13),
    "keypoints": image(networks.Keypoints, 64),
    "gan_generator": Topology(networks.Generator, {"z": ("normal", (64,))}, legacy_opset=11),
    "point_net": Topology(networks.PointNet, {"points": ("normal", (3, 64))}),
    "fast_depth": image(networks.FastDepth, 64, legacy_opset=12),
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
    "tcn": Topology(networks.Tcn, {"x": ("spectrum", (40, 64))}),
    "deep_speech": Topology(networks.DeepSpeech, {"x": ("spectrum", (40, 60))}),
    "deep_speech_legacy": Topology(networks.DeepSpeech, {"x": ("spectrum", (40, 60))}, 13, dynamic={"x": {0: "batch", 2: "time"}}),
    "tagger": Topology(networks.Tagger, {"input_ids": ("tokens", (20, 1000))}, 14, dynamic={"input_ids": {0: "batch", 1: "length"}}),
    "conformer": Topology(networks.Conformer, {"x": ("spectrum", (40, 64))}),
    "crnn": image(networks.Crnn, 64, channels=1),
    "mlp": Topology(lambda: networks.mlp(40 * 10), {"x": ("spectrum", (40, 10))}),
}

"""The topologies: name -> how to build it, what its inputs are, and how it is exported. Weights are random: no download."""

from torch import nn

import networks
import sequences
from language import BERT, DPT, llama, masked_bert, SEGFORMER, t5, text, vision, wav2vec2, whisper_decoder, whisper_encoder
from topology import Topology, image

import timm  # noqa: E402  After what declares torchvision's operators.
import torchvision  # noqa: E402


def tv(name, size=64, legacy_opset=None, **options):
    return image(lambda: getattr(torchvision.models, name)(weights=None, **options), size, legacy_opset=legacy_opset)


def tm(name, size=64, legacy_opset=None, opset=None, dynamic=None, half=False, external=False, **options):
    build = lambda: timm.create_model(name, pretrained=False, **options)
    return Topology(build, {"x": ("image", (3, size, size))}, legacy_opset, opset, dynamic, half, external)


def segmentation(name, size=64, legacy_opset=None):
    class Out(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=21)

        def forward(self, x):
            return self.model(x)["out"]

    return image(Out, size, legacy_opset=legacy_opset)


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
    "mobilebert_tiny": text("MobileBert", legacy_opset=14, intra_bottleneck_size=64, embedding_size=64, **{**BERT, "intermediate_size": 128}),
    "roformer_tiny": text("RoFormer", embedding_size=64, **BERT),
    "t5_legacy": t5(legacy_opset=14),
    "llama_cache": llama(),
    "llama_cache_legacy": llama(legacy_opset=17),
    "whisper_encoder": whisper_encoder(),
    "whisper_decoder": whisper_decoder(),
    "wav2vec2_tiny": wav2vec2(),
    "masked_bert": masked_bert(),
    # Dense prediction.
    "segformer": vision("SegformerForSemanticSegmentation", "SegformerConfig", 64, **SEGFORMER),
    "dpt_depth": vision("DPTForDepthEstimation", "DPTConfig", 64, legacy_opset=17, **DPT),
    "ssd_nms": image(networks.Ssd, 96, legacy_opset=13),
    "keypoints": image(networks.Keypoints, 64),
    "gan_generator": Topology(networks.Generator, {"z": ("normal", (64,))}, legacy_opset=11),
    "point_net": Topology(sequences.PointNet, {"points": ("normal", (3, 64))}),
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
    "tc_resnet8": Topology(sequences.TcResNet, {"x": ("spectrum", (40, 100))}),
    "ds_cnn": image(sequences.DsCnn, 48, channels=1),
    "kws_gru": Topology(lambda: sequences.Recurrent(nn.GRU), {"x": ("spectrum", (40, 50))}),
    "kws_lstm": Topology(lambda: sequences.Recurrent(nn.LSTM, bidirectional=True), {"x": ("spectrum", (40, 50))}),
    "kws_lstm_legacy": Topology(lambda: sequences.Recurrent(nn.LSTM, bidirectional=True), {"x": ("spectrum", (40, 50))}, 13),
    "kws_rnn_legacy": Topology(lambda: sequences.Recurrent(nn.RNN), {"x": ("spectrum", (40, 50))}, 14),
    "wave_m5": Topology(sequences.M5, {"x": ("wave", (1, 4000))}),
    "conv_tasnet": Topology(sequences.ConvTasNet, {"x": ("wave", (1, 2000))}),
    "tcn": Topology(sequences.Tcn, {"x": ("spectrum", (40, 64))}),
    "deep_speech": Topology(sequences.DeepSpeech, {"x": ("spectrum", (40, 60))}),
    "deep_speech_legacy": Topology(sequences.DeepSpeech, {"x": ("spectrum", (40, 60))}, 13, dynamic={"x": {0: "batch", 2: "time"}}),
    "tagger": Topology(sequences.Tagger, {"input_ids": ("tokens", (20, 1000))}, 14, dynamic={"input_ids": {0: "batch", 1: "length"}}),
    "conformer": Topology(sequences.Conformer, {"x": ("spectrum", (40, 64))}),
    "crnn": image(sequences.Crnn, 64, channels=1),
    "mlp": Topology(lambda: sequences.mlp(40 * 10), {"x": ("spectrum", (40, 10))}),
}

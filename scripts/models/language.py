"""Transformers of words, sounds and images, in small configurations of the transformers library."""

from torch import nn

import sequences
from topology import Topology, image

import transformers  # noqa: E402  After what declares torchvision's operators, which it may import.


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


def t5(legacy_opset=None):
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
    return Topology(sequences.CachedDecoder, inputs, legacy_opset, dynamic={"input_ids": {0: "batch"}, **dynamic} if legacy_opset else None)


def whisper(**options):
    layers = dict(encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2)
    sizes = dict(d_model=64, encoder_ffn_dim=128, decoder_ffn_dim=128, num_mel_bins=40, max_source_positions=50, max_target_positions=32)
    tokens = dict(vocab_size=1000, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)
    return transformers.WhisperConfig(**layers, **sizes, **tokens, **options)


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
            sizes = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
            positions = dict(num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)
            front = dict(conv_dim=(32,) * 3, conv_stride=(5, 4, 4), conv_kernel=(10, 4, 4))
            config = transformers.Wav2Vec2Config(vocab_size=32, **sizes, **positions, **front)
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


def vision(kind, config, size, legacy_opset=None, **options):
    class Out(nn.Module):
        def __init__(self):
            super().__init__()
            made = getattr(transformers, config)(**options)
            self.model = getattr(transformers, kind)._from_config(made, attn_implementation="eager")

        def forward(self, x):
            return self.model(x)[0]

    return image(Out, size, legacy_opset=legacy_opset)


SEGFORMER = dict(
    **dict(num_encoder_blocks=4, depths=[1, 1, 1, 1], hidden_sizes=[16, 32, 48, 64], num_attention_heads=[1, 1, 2, 2]),
    decoder_hidden_size=64,
)
DPT = dict(
    **dict(image_size=64, hidden_size=64, num_hidden_layers=4, num_attention_heads=2, intermediate_size=128),
    **dict(backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 32, 48, 48], fusion_hidden_size=32),
)
BERT = dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512)

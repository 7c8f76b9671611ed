"""Small networks on sounds, words and points that no library has ready: the shapes that their families are made of."""

import torch
import torch.nn.functional as F
from torch import nn

from networks import conv


def conv1(inputs, outputs, kernel, stride=1, groups=1, dilation=1):
    pad = (kernel - 1) * dilation // 2
    convolution = nn.Conv1d(inputs, outputs, kernel, stride, pad, dilation, groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(outputs), nn.ReLU())


class TcResNet(nn.Module):
    """Temporal convolutions for keywords (Choi et al. 2019)."""

    def __init__(self, classes=12):
        super().__init__()
        self.stem = nn.Conv1d(40, 16, 3, padding=1, bias=False)
        self.paths, self.skips = nn.ModuleList(), nn.ModuleList()
        for inputs, outputs in ((16, 24), (24, 32), (32, 48)):
            tail = [nn.Conv1d(outputs, outputs, 9, padding=4, bias=False), nn.BatchNorm1d(outputs)]
            self.paths.append(nn.Sequential(conv1(inputs, outputs, 9, 2), *tail))
            self.skips.append(conv1(inputs, outputs, 1, 2))
        self.head = nn.Linear(48, classes)

    def forward(self, x):
        x = self.stem(x)
        for path, skip in zip(self.paths, self.skips):
            x = F.relu(path(x) + skip(x))
        return self.head(x.mean(-1))


class DsCnn(nn.Module):
    """Depthwise separable convolutions for keywords (Zhang et al. 2017)."""

    def __init__(self, width=64, classes=12):
        super().__init__()
        blocks = [nn.Sequential(conv(width, width, groups=width), conv(width, width, 1)) for _ in range(4)]
        self.body = nn.Sequential(nn.Conv2d(1, width, (10, 4), 2, (5, 1), bias=False), nn.BatchNorm2d(width), nn.ReLU(), *blocks)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(F.adaptive_avg_pool2d(self.body(x), 1).flatten(1))


class Recurrent(nn.Module):
    def __init__(self, kind, bidirectional=False, width=64, classes=12):
        super().__init__()
        self.front = conv1(40, 32, 5, 2)
        self.rnn = kind(32, width, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(width * (2 if bidirectional else 1), classes)

    def forward(self, x):
        sequence, _ = self.rnn(self.front(x).transpose(1, 2))
        return self.head(sequence[:, -1]).log_softmax(-1)


class M5(nn.Module):
    """Convolutions on the raw wave (Dai et al. 2016)."""

    def __init__(self, width=32, classes=35):
        super().__init__()
        layers = [(1, width, 80, 16), (width, width, 3, 1), (width, 2 * width, 3, 1)]
        self.body = nn.Sequential(*(nn.Sequential(conv1(*layer), nn.MaxPool1d(4)) for layer in layers))
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x):
        return F.log_softmax(self.head(self.body(x).mean(-1)), -1)


class ConvTasNet(nn.Module):
    """Encoder, dilated blocks with group normalization and PReLU, a mask, decoder (Luo and Mesgarani 2019)."""

    def __init__(self, width=64):
        super().__init__()
        self.encoder = nn.Conv1d(1, width, 16, 8, bias=False)
        self.blocks = nn.ModuleList(self.block(width, 2**power) for power in range(4))
        self.mask = nn.Sequential(nn.PReLU(), nn.Conv1d(width, width, 1), nn.Sigmoid())
        self.decoder = nn.ConvTranspose1d(width, 1, 16, 8, bias=False)

    @staticmethod
    def block(width, dilation):
        return nn.Sequential(
            *[nn.Conv1d(width, width, 1), nn.PReLU(), nn.GroupNorm(1, width)],
            *[nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation, groups=width), nn.PReLU()],
            *[nn.GroupNorm(1, width), nn.Conv1d(width, width, 1)],
        )

    def forward(self, x):
        code = self.encoder(x)
        y = code
        for block in self.blocks:
            y = y + block(y)
        return self.decoder(code * self.mask(y))


class Crnn(nn.Module):
    """Convolutions, then a recurrent net along the width, as text recognizers have (Shi et al. 2015)."""

    def __init__(self, width=32, classes=40):
        super().__init__()
        self.body = nn.Sequential(conv(1, width), nn.MaxPool2d(2), conv(width, 2 * width), nn.MaxPool2d(2), conv(2 * width, 2 * width))
        self.rnn = nn.LSTM(2 * width, 48, bidirectional=True)
        self.head = nn.Linear(96, classes)

    def forward(self, x):
        columns = self.body(x).mean(2).permute(2, 0, 1)
        return self.head(self.rnn(columns)[0]).softmax(-1)


class PointNet(nn.Module):
    """A transform of the points that is computed from them, shared layers, the maximum over points (Qi et al. 2017)."""

    def __init__(self, classes=10):
        super().__init__()
        self.align = nn.Sequential(conv1(3, 32, 1), conv1(32, 64, 1))
        self.matrix = nn.Linear(64, 9)
        self.body = nn.Sequential(conv1(3, 64, 1), conv1(64, 128, 1))
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, classes))

    def forward(self, points):
        matrix = self.matrix(self.align(points).max(-1)[0]).view(-1, 3, 3) + torch.eye(3)
        return self.head(self.body(matrix @ points).max(-1)[0])


class Tcn(nn.Module):
    """Causal dilated convolutions with weight normalization (Bai et al. 2018)."""

    def __init__(self, width=32, classes=12):
        super().__init__()
        widths = [40, width, width, width]
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(nn.Conv1d(a, b, 3, dilation=2**i)) for i, (a, b) in enumerate(zip(widths, widths[1:]))
        )
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            y = F.relu(layer(F.pad(x, (2 * 2**i, 0))))
            x = y if i == 0 else F.relu(x + y)
        return self.head(x[:, :, -1])


class DeepSpeech(nn.Module):
    """Convolutions over a spectrogram, recurrent layers in both directions, a score of each letter (Amodei et al. 2016)."""

    def __init__(self, width=32, letters=29):
        super().__init__()
        self.front = nn.Sequential(
            *[nn.Conv2d(1, 16, (11, 11), (2, 2), (5, 5), bias=False), nn.BatchNorm2d(16), nn.Hardtanh(0, 20)],
            *[nn.Conv2d(16, 16, (11, 11), (2, 1), (5, 5), bias=False), nn.BatchNorm2d(16), nn.Hardtanh(0, 20)],
        )
        self.rnn = nn.GRU(160, width, num_layers=2, bidirectional=True, batch_first=True)
        self.norm = nn.LayerNorm(2 * width)
        self.head = nn.Linear(2 * width, letters)

    def forward(self, x):
        x = self.front(x.unsqueeze(1)).flatten(1, 2).transpose(1, 2)
        return self.head(self.norm(self.rnn(x)[0])).log_softmax(-1)


class Tagger(nn.Module):
    """Embeddings and a bidirectional LSTM: a label for each word (Huang et al. 2015)."""

    def __init__(self, width=32, labels=9):
        super().__init__()
        self.words = nn.Embedding(1000, width)
        self.rnn = nn.LSTM(width, width, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * width, labels)

    def forward(self, input_ids):
        return self.head(self.rnn(self.words(input_ids))[0])


class ConformerBlock(nn.Module):
    def __init__(self, width, heads=2):
        super().__init__()
        self.halves = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)) for _ in range(2)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.enter, self.leave = nn.Conv1d(width, 2 * width, 1), nn.Conv1d(width, width, 1)
        self.depthwise = nn.Sequential(nn.Conv1d(width, width, 15, padding=7, groups=width), nn.BatchNorm1d(width), nn.SiLU())

    def forward(self, x):
        x = x + 0.5 * self.halves[0](x)
        y = self.norms[0](x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        y = F.glu(self.enter(self.norms[1](x).transpose(1, 2)), 1)
        x = x + self.leave(self.depthwise(y)).transpose(1, 2)
        return self.norms[2](x + 0.5 * self.halves[1](x))


class Conformer(nn.Module):
    """Attention and convolutions in turn over a spectrogram (Gulati et al. 2020)."""

    def __init__(self, width=48, classes=32):
        super().__init__()
        self.front = nn.Sequential(nn.Conv2d(1, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 16, 3, 2), nn.ReLU())
        self.enter = nn.Linear(16 * 9, width)
        self.blocks = nn.Sequential(ConformerBlock(width), ConformerBlock(width))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.front(x.unsqueeze(1)).permute(0, 3, 1, 2).flatten(2)
        return self.head(self.blocks(self.enter(x)))


class CachedDecoder(nn.Module):
    """One step of a decoder whose keys and values of earlier steps come in and go out: root mean square normalization, rotated keys, gates with
    SiLU, heads that share keys (Touvron et al. 2023)."""

    def __init__(self, width=64, layers=2, heads=4, shared=2):
        super().__init__()
        self.heads, self.shared, self.size = heads, shared, width // heads
        self.words = nn.Embedding(1000, width)
        self.norms = nn.ParameterList(torch.ones(width) for _ in range(2 * layers + 1))
        self.queries = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(layers))
        self.pairs = nn.ModuleList(nn.Linear(width, 2 * shared * self.size, bias=False) for _ in range(layers))
        self.joins = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(layers))
        self.gates = nn.ModuleList(nn.Linear(width, 4 * width, bias=False) for _ in range(layers))
        self.downs = nn.ModuleList(nn.Linear(2 * width, width, bias=False) for _ in range(layers))
        self.head = nn.Linear(width, 1000, bias=False)

    def normalized(self, x, i):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.norms[i]

    def rotated(self, x, position):
        angle = position * 10000 ** (-torch.arange(0, self.size, 2, dtype=torch.float32) / self.size)
        angle = torch.cat([angle, angle], -1)
        left, right = x.chunk(2, -1)
        return x * angle.cos() + torch.cat([-right, left], -1) * angle.sin()

    def forward(self, input_ids, *past):
        x = self.words(input_ids)
        batch, length = input_ids.shape
        states = []
        for i, (queries, pairs) in enumerate(zip(self.queries, self.pairs)):
            y = self.normalized(x, 2 * i)
            split = lambda t, heads: t.view(batch, length, heads, self.size).transpose(1, 2)
            key, value = pairs(y).chunk(2, -1)
            position = past[2 * i].shape[2]
            query = self.rotated(split(queries(y), self.heads), position)
            key = torch.cat([past[2 * i], self.rotated(split(key, self.shared), position)], 2)
            value = torch.cat([past[2 * i + 1], split(value, self.shared)], 2)
            states += [key, value]
            wide = lambda t: t[:, :, None].expand(-1, -1, self.heads // self.shared, -1, -1).flatten(1, 2)
            shares = (query @ wide(key).transpose(2, 3) / self.size**0.5).softmax(-1)
            x = x + self.joins[i]((shares @ wide(value)).transpose(1, 2).flatten(2))
            gate, up = self.gates[i](self.normalized(x, 2 * i + 1)).chunk(2, -1)
            x = x + self.downs[i](F.silu(gate) * up)
        return self.head(self.normalized(x, -1)), *states


def mlp(inputs):
    return nn.Sequential(
        *[nn.Flatten(), nn.Linear(inputs, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.GELU(), nn.Linear(64, 10)]
    )

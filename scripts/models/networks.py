"""Small networks that no library has ready: the shapes that their families are made of."""

import torch
import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, kernel=3, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([act()] if act else []))


class OldAlexNet(nn.Module):
    """AlexNet as published: local response normalization and grouped convolutions (Krizhevsky et al. 2012)."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *[nn.Conv2d(3, 48, 11, 4), nn.ReLU(), nn.LocalResponseNorm(5, 1e-4, 0.75, 2), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(48, 96, 5, padding=2, groups=2), nn.ReLU(), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(96, 96, 3, padding=1), nn.ReLU(), nn.Conv2d(96, 64, 3, padding=1, groups=2), nn.ReLU()],
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(64 * 16, 256), nn.ReLU(), nn.Dropout(), nn.Linear(256, 100))

    def forward(self, x):
        return self.classifier(self.features(x))


class MobileFaceNet(nn.Module):
    """Bottlenecks with PReLU and a global depthwise convolution (Chen et al. 2018); the embedding has length 1."""

    def __init__(self):
        super().__init__()
        widths = [(32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 96, 2)]
        blocks = [self.bottleneck(*width) for width in widths]
        stem = [nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.PReLU(32)]
        self.body = nn.Sequential(*stem, *blocks, nn.Conv2d(96, 96, 8, groups=96, bias=False), nn.BatchNorm2d(96))
        self.head = nn.Linear(96, 128)

    @staticmethod
    def bottleneck(inputs, outputs, stride):
        wide = inputs * 2
        return nn.Sequential(
            *[nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.PReLU(wide)],
            *[nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.PReLU(wide)],
            *[nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs)],
        )

    def forward(self, x):
        return F.normalize(self.head(self.body(x).flatten(1)))


class UNet(nn.Module):
    def __init__(self, inputs, width, classes, transposed=False):
        super().__init__()
        widths = [width, width * 2, width * 4]
        self.down = nn.ModuleList(
            nn.Sequential(conv(a, b), conv(b, b)) for a, b in zip([inputs, *widths], [*widths, width * 8])
        )
        self.up = nn.ModuleList(self.upward(2 * w, w, transposed) for w in reversed(widths))
        self.merge = nn.ModuleList(nn.Sequential(conv(2 * w, w), conv(w, w)) for w in reversed(widths))
        self.head = nn.Conv2d(width, classes, 1)

    @staticmethod
    def upward(inputs, outputs, transposed):
        if transposed:
            return nn.ConvTranspose2d(inputs, outputs, 2, 2)
        return nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), conv(inputs, outputs))

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1])):
            x = merge(torch.cat([skip, up(x)], 1))
        return self.head(x)


class C2f(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        half = width // 2
        self.enter, self.leave = conv(width, width, 1, act=nn.SiLU), conv(half * (depth + 2), width, 1, act=nn.SiLU)
        self.steps = nn.ModuleList(
            nn.Sequential(conv(half, half, act=nn.SiLU), conv(half, half, act=nn.SiLU)) for _ in range(depth)
        )

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for step in self.steps:
            parts.append(parts[-1] + step(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class YoloNano(nn.Module):
    """Backbone, pyramid pooling, an upward and a decoded head on two scales, as in the YOLO family since v5."""

    def __init__(self, classes=20):
        super().__init__()
        silu = dict(act=nn.SiLU)
        self.stem = nn.Sequential(conv(3, 16, stride=2, **silu), conv(16, 32, stride=2, **silu), C2f(32, 1))
        self.p3 = nn.Sequential(conv(32, 64, stride=2, **silu), C2f(64, 1))
        self.p4 = nn.Sequential(conv(64, 128, stride=2, **silu), C2f(128, 1))
        self.reduce, self.expand = conv(128, 64, 1, **silu), conv(256, 128, 1, **silu)
        self.lateral, self.mix = conv(128, 64, 1, **silu), nn.Sequential(conv(128, 64, 1, **silu), C2f(64, 1))
        self.heads = nn.ModuleList(nn.Conv2d(width, 5 + classes, 1) for width in (64, 128))

    def spatial(self, x):
        x = self.reduce(x)
        pooled = [x]
        for _ in range(3):
            pooled.append(F.max_pool2d(pooled[-1], 5, 1, 2))
        return self.expand(torch.cat(pooled, 1))

    def decode(self, x, stride):
        _, _, height, width = x.shape
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack([columns, rows])[None].to(x.dtype)
        xy, wh, scores = x.sigmoid().split([2, 2, x.shape[1] - 4], 1)
        boxes = torch.cat([(xy * 2 - 0.5 + grid) * stride, (wh * 2) ** 2 * 4 * stride, scores], 1)
        return boxes.flatten(2).transpose(1, 2)

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        p4 = self.spatial(self.p4(p3))
        top = F.interpolate(self.lateral(p4), scale_factor=2, mode="nearest")
        p3 = self.mix(torch.cat([top, p3], 1))
        return torch.cat([self.decode(head(p), s) for head, p, s in zip(self.heads, (p3, p4), (8, 16))], 1)


class Espcn(nn.Module):
    """Sub-pixel super-resolution (Shi et al. 2016)."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            *[nn.Conv2d(1, 32, 5, padding=2), nn.Tanh(), nn.Conv2d(32, 16, 3, padding=1), nn.Tanh()],
            *[nn.Conv2d(16, 9, 3, padding=1), nn.PixelShuffle(3)],
        )

    def forward(self, x):
        return self.body(x).clamp(-3, 3)


class StyleTransfer(nn.Module):
    """Instance normalization, reflection padding and resizing convolutions (Johnson et al. 2016, Ulyanov et al. 2016)."""

    def __init__(self, width=16):
        super().__init__()

        def layer(inputs, outputs, kernel, stride=1):
            convolution = nn.Conv2d(inputs, outputs, kernel, stride)
            return nn.Sequential(nn.ReflectionPad2d(kernel // 2), convolution, nn.InstanceNorm2d(outputs, affine=True))

        self.start = nn.Sequential(layer(3, width, 9), nn.ReLU(), layer(width, 2 * width, 3, 2), nn.ReLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(layer(2 * width, 2 * width, 3), nn.ReLU(), layer(2 * width, 2 * width, 3)) for _ in range(2)
        )
        self.end = nn.Sequential(nn.Upsample(scale_factor=2), layer(2 * width, width, 3), nn.ReLU())
        self.out = nn.Sequential(nn.ReflectionPad2d(4), nn.Conv2d(width, 3, 9))

    def forward(self, x):
        x = self.start(x)
        for block in self.blocks:
            x = x + block(x)
        return self.out(self.end(x))


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()

        def up(inputs, outputs):
            return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

        self.encoder = nn.Sequential(conv(3, 16, stride=2), conv(16, 32, stride=2), conv(32, 64, stride=2))
        self.decoder = nn.Sequential(up(64, 32), up(32, 16), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


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


def mlp(inputs):
    return nn.Sequential(
        *[nn.Flatten(), nn.Linear(inputs, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.GELU(), nn.Linear(64, 10)]
    )

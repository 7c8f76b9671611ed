"""Small networks on images that no library has ready: the shapes that their families are made of."""

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


class Ssd(nn.Module):
    """Single-shot detection (Liu et al. 2016): two scales, decoded boxes, and the suppression of overlaps inside the model."""

    def __init__(self, classes=5, anchors=3):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 16, stride=2), conv(16, 32, stride=2), conv(32, 64, stride=2))
        self.next = conv(64, 64, stride=2)
        self.boxes = nn.ModuleList(nn.Conv2d(64, anchors * 4, 3, padding=1) for _ in range(2))
        self.scores = nn.ModuleList(nn.Conv2d(64, anchors * classes, 3, padding=1) for _ in range(2))
        self.classes = classes
        self.register_buffer("prior", torch.rand(1, (12 * 12 + 6 * 6) * anchors, 4) * 0.5 + 0.25)

    def forward(self, x):
        p3 = self.stem(x)
        levels = [p3, self.next(p3)]
        boxes = torch.cat([head(p).permute(0, 2, 3, 1).reshape(len(x), -1, 4) for head, p in zip(self.boxes, levels)], 1)
        scores = torch.cat([head(p).permute(0, 2, 3, 1).reshape(len(x), -1, self.classes) for head, p in zip(self.scores, levels)], 1)
        center = boxes[..., :2] * 0.1 * self.prior[..., 2:] + self.prior[..., :2]
        size = (boxes[..., 2:] * 0.2).exp() * self.prior[..., 2:]
        corners = torch.cat([center - size / 2, center + size / 2], -1)
        shares = scores.softmax(-1)
        kept = torch.ops.torchvision.nms(corners[0], shares[0, :, 1], 0.5)
        return corners[:, kept[:20]], shares[:, kept[:20]]


class Keypoints(nn.Module):
    """Heat maps, and the expectation and the maximum of each (Newell et al. 2016, Nibali et al. 2018)."""

    def __init__(self, points=8):
        super().__init__()
        self.body = nn.Sequential(conv(3, 16, stride=2), conv(16, 32, stride=2), conv(32, 32), nn.Conv2d(32, points, 1))

    def forward(self, x):
        maps = self.body(x)
        _, _, height, width = maps.shape
        flat = maps.flatten(2)
        shares = flat.softmax(-1).view_as(maps)
        columns = (shares.sum(2) * torch.arange(width, dtype=x.dtype)).sum(-1)
        rows = (shares.sum(3) * torch.arange(height, dtype=x.dtype)).sum(-1)
        return torch.stack([columns, rows], -1), flat.argmax(-1)


class Generator(nn.Module):
    """Transposed convolutions from a vector to an image (Radford et al. 2016)."""

    def __init__(self):
        super().__init__()

        def up(inputs, outputs, stride, pad):
            return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, stride, pad, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2))

        self.body = nn.Sequential(up(64, 64, 1, 0), up(64, 32, 2, 1), up(32, 16, 2, 1), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh())

    def forward(self, z):
        return self.body(z[:, :, None, None])


class FastDepth(nn.Module):
    """Depth by separable convolutions and nearest neighbours with skips that are added (Wofk et al. 2019)."""

    def __init__(self):
        super().__init__()

        def separable(inputs, outputs, stride=1):
            return nn.Sequential(conv(inputs, inputs, stride=stride, groups=inputs, act=nn.ReLU6), conv(inputs, outputs, 1, act=nn.ReLU6))

        self.down = nn.ModuleList([conv(3, 16, stride=2), separable(16, 32, 2), separable(32, 64, 2)])
        self.up = nn.ModuleList([separable(64, 32), separable(32, 16), separable(16, 16)])
        self.head = conv(16, 1, 1)

    def forward(self, x):
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        for layer, skip in zip(self.up, [skips[1], skips[0], None]):
            x = F.interpolate(layer(x), scale_factor=2, mode="nearest")
            x = x if skip is None else x + skip
        return self.head(x)

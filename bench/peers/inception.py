"""Inception-v3 in PyTorch, for timing beside ours: seconds a batch of images, as JSON lines on stdout for each line on stdin.

    python3 inception.py [--threads N] [--save FILE]

--save writes it as TorchScript, under the names that NVIDIA's inception-2015-12-05 has, and ends."""

import argparse
import json
import sys
import time
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F


class Conv(nn.Module):
    def __init__(self, inputs: int, outputs: int, height: int, width: int, stride: int = 1, pad: bool = True):
        super().__init__()
        self.stride = stride
        self.padding = ((height - 1) // 2, (width - 1) // 2) if pad else (0, 0)
        fan = inputs * height * width
        self.weight = nn.Parameter((12 / fan) ** 0.5 * (torch.rand(outputs, inputs, height, width) - 0.5))
        for name, values in ("beta", 0.1 * torch.rand(outputs)), ("mean", 0.1 * torch.rand(outputs)), ("var", 0.5 + torch.rand(outputs)):
            self.register_buffer(name, values)

    def forward(self, x):
        x = F.conv2d(x, self.weight, None, [self.stride, self.stride], self.padding)
        return F.relu(F.batch_norm(x, self.mean, self.var, None, self.beta, False, 0.0, 1e-3))


def tower(inputs, *layers):
    """Convolutions one after the other: (outputs, height, width[, stride]); a stride of 2 goes without padding."""
    parts = OrderedDict()
    for i, (outputs, height, width, *stride) in enumerate(layers):
        halves = stride == [2]
        parts[f"conv_{i}" if i else "conv"] = Conv(inputs, outputs, height, width, 2 if halves else 1, not halves)
        inputs = outputs
    return nn.Sequential(parts)


def pooled(inputs, outputs):
    pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return nn.Sequential(OrderedDict(pool=pool, conv=Conv(inputs, outputs, 1, 1)))


class A(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = Conv(inputs, 64, 1, 1)
        self.tower = tower(inputs, (48, 1, 1), (64, 5, 5))
        self.tower_1 = tower(inputs, (64, 1, 1), (96, 3, 3), (96, 3, 3))
        self.tower_2 = pooled(inputs, outputs)

    def forward(self, x):
        return torch.cat([self.conv(x), self.tower(x), self.tower_1(x), self.tower_2(x)], 1)


class B(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.conv = Conv(inputs, 384, 3, 3, 2, False)
        self.tower = tower(inputs, (64, 1, 1), (96, 3, 3), (96, 3, 3, 2))

    def forward(self, x):
        return torch.cat([self.conv(x), self.tower(x), F.max_pool2d(x, 3, 2)], 1)


class C(nn.Module):
    def __init__(self, inputs, n):
        super().__init__()
        self.conv = Conv(inputs, 192, 1, 1)
        self.tower = tower(inputs, (n, 1, 1), (n, 1, 7), (192, 7, 1))
        self.tower_1 = tower(inputs, (n, 1, 1), (n, 7, 1), (n, 1, 7), (n, 7, 1), (192, 1, 7))
        self.tower_2 = pooled(inputs, 192)

    def forward(self, x):
        return torch.cat([self.conv(x), self.tower(x), self.tower_1(x), self.tower_2(x)], 1)


class D(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.tower = tower(inputs, (192, 1, 1), (320, 3, 3, 2))
        self.tower_1 = tower(inputs, (192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3, 2))

    def forward(self, x):
        return torch.cat([self.tower(x), self.tower_1(x), F.max_pool2d(x, 3, 2)], 1)


class E(nn.Module):
    def __init__(self, inputs, pool):
        super().__init__()
        self.conv = Conv(inputs, 320, 1, 1)
        self.tower_conv = Conv(inputs, 384, 1, 1)
        self.tower_mixed_conv = Conv(384, 384, 1, 3)
        self.tower_mixed_conv_1 = Conv(384, 384, 3, 1)
        self.tower_1_conv = Conv(inputs, 448, 1, 1)
        self.tower_1_conv_1 = Conv(448, 384, 3, 3)
        self.tower_1_mixed_conv = Conv(384, 384, 1, 3)
        self.tower_1_mixed_conv_1 = Conv(384, 384, 3, 1)
        self.tower_2_pool = pool
        self.tower_2_conv = Conv(inputs, 192, 1, 1)

    def forward(self, x):
        a = self.tower_conv(x)
        b = self.tower_1_conv_1(self.tower_1_conv(x))
        forked = [self.tower_mixed_conv(a), self.tower_mixed_conv_1(a), self.tower_1_mixed_conv(b), self.tower_1_mixed_conv_1(b)]
        return torch.cat([self.conv(x)] + forked + [self.tower_2_conv(self.tower_2_pool(x))], 1)


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            OrderedDict(
                conv=Conv(3, 32, 3, 3, 2, False),
                conv_1=Conv(32, 32, 3, 3, 1, False),
                conv_2=Conv(32, 64, 3, 3),
                pool0=nn.MaxPool2d(3, 2),
                conv_3=Conv(64, 80, 1, 1),
                conv_4=Conv(80, 192, 3, 3, 1, False),
                pool1=nn.MaxPool2d(3, 2),
                mixed=A(192, 32),
                mixed_1=A(256, 64),
                mixed_2=A(288, 64),
                mixed_3=B(288),
                mixed_4=C(768, 128),
                mixed_5=C(768, 160),
                mixed_6=C(768, 160),
                mixed_7=C(768, 192),
                mixed_8=D(768),
                mixed_9=E(1280, nn.AvgPool2d(3, 1, 1, count_include_pad=False)),
                mixed_10=E(2048, nn.MaxPool2d(3, 1, 1)),
                pool2=nn.AvgPool2d(8),
            )
        )
        self.output = nn.Linear(2048, 1008)

    def forward(self, x):
        return self.seen(x)

    def seen(self, x):
        """The features of x: [batch, 3, height, width], 0 to 255."""
        n, height, width = x.shape[0], x.shape[2], x.shape[3]
        theta = torch.tensor([[[1.0, 0.0, 1 / width - 1 / 299], [0.0, 1.0, 1 / height - 1 / 299]]]).repeat(n, 1, 1)
        grid = F.affine_grid(theta, [n, 3, 299, 299], False)
        x = F.grid_sample(x, grid, "bilinear", "border", False)
        return self.layers((x - 128) / 128).reshape(n, 2048)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    network = Inception().eval()
    if args.save:
        torch.jit.save(torch.jit.script(network), args.save)
        sys.exit()
    for line in sys.stdin:
        images = torch.full(json.loads(line), 128.0)
        begun = time.perf_counter()
        network(images)
        print(json.dumps({"seconds": time.perf_counter() - begun, "torch": torch.__version__}), flush=True)

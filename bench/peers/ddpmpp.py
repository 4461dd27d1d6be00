"""DDPM++ of CIFAR-10's size (EDM's SongUNet, arXiv 2206.00364) in PyTorch, for timing beside ours: seconds a batch, as JSON lines on stdout for
each batch size on stdin.

    python3 ddpmpp.py [--threads N]"""

import argparse
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, attention=False, up=False, down=False):
        super().__init__()
        self.up, self.down = up, down
        self.norm0 = nn.GroupNorm(min(32, inputs // 4), inputs, 1e-6)
        self.conv0 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.affine = nn.Linear(512, outputs)
        self.norm1 = nn.GroupNorm(min(32, outputs // 4), outputs, 1e-6)
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs or up or down else None
        if attention:
            self.norm2 = nn.GroupNorm(min(32, outputs // 4), outputs, 1e-6)
            self.qkv = nn.Conv2d(outputs, 3 * outputs, 1)
            self.proj = nn.Conv2d(outputs, outputs, 1)
        self.attention = attention

    def resample(self, x):
        if self.up:
            return F.interpolate(x, scale_factor=2, mode="nearest")
        return F.avg_pool2d(x, 2) if self.down else x

    def forward(self, x, emb):
        h = self.conv0(self.resample(F.silu(self.norm0(x))))
        h = F.silu(self.norm1(h + self.affine(emb)[:, :, None, None]))
        h = self.conv1(h)
        x = self.skip(self.resample(x)) if self.skip else x
        x = (h + x) * math.sqrt(0.5)
        if self.attention:
            n, channels, height, width = x.shape
            q, k, v = self.qkv(self.norm2(x)).reshape(n, channels, 3, height * width).unbind(2)
            weight = torch.softmax(torch.einsum("ncq,nck->nqk", q, k / math.sqrt(channels)), -1)
            a = torch.einsum("nqk,nck->ncq", weight, v).reshape(x.shape)
            x = (self.proj(a) + x) * math.sqrt(0.5)
        return x


class DDPMpp(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer0, self.layer1 = nn.Linear(128, 512), nn.Linear(512, 512)
        self.first = nn.Conv2d(3, 128, 3, padding=1)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        skips, width = [128], 128
        for level in range(3):
            if level:
                self.encoder.append(Block(width, width, down=True))
                skips.append(width)
            for _ in range(4):
                self.encoder.append(Block(width, 256, attention=level == 1))
                width = 256
                skips.append(width)
        for level in reversed(range(3)):
            if level == 2:
                self.decoder.extend([Block(width, width, attention=True), Block(width, width)])
            else:
                self.decoder.append(Block(width, width, up=True))
            for i in range(5):
                block = Block(width + skips.pop(), 256, attention=level == 1 and i == 4)
                block.takes_skip = True
                self.decoder.append(block)
        self.norm, self.last = nn.GroupNorm(32, 256, 1e-6), nn.Conv2d(256, 3, 3, padding=1)

    def load(self, tensors):
        """Takes weights under EDM's names."""
        sides = [32, 16, 8]
        names = {"layer0": "map_layer0", "layer1": "map_layer1", "first": "enc.32x32_conv"}
        names.update({"norm": "dec.32x32_aux_norm", "last": "dec.32x32_aux_conv"})
        encoder = [
            f"{side}x{side}_{part}"
            for side in sides
            for part in [*(["down"] if side < 32 else []), *(f"block{i}" for i in range(4))]
        ]
        decoder = [
            f"{side}x{side}_{part}"
            for side in reversed(sides)
            for part in [*(["in0", "in1"] if side == 8 else ["up"]), *(f"block{i}" for i in range(5))]
        ]
        names.update({f"encoder.{i}": f"enc.{name}" for i, name in enumerate(encoder)})
        names.update({f"decoder.{i}": f"dec.{name}" for i, name in enumerate(decoder)})

        def theirs(own):
            module = next(module for module in sorted(names, key=len, reverse=True) if own.startswith(f"{module}."))
            return f"model.{names[module]}{own[len(module):]}"

        self.load_state_dict({own: tensors[theirs(own)] for own in self.state_dict()})

    def forward(self, x, noise):
        angles = noise[:, None] * (1 / 10000) ** (torch.arange(64) / 63)[None]
        emb = F.silu(self.layer1(F.silu(self.layer0(torch.cat([angles.sin(), angles.cos()], 1)))))
        x = self.first(x)
        skips = [x]
        for block in self.encoder:
            x = block(x, emb)
            skips.append(x)
        for block in self.decoder:
            x = block(torch.cat([x, skips.pop()], 1) if hasattr(block, "takes_skip") else x, emb)
        return self.last(F.silu(self.norm(x)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    network = DDPMpp().eval()
    about = {"torch": torch.__version__, "parameters": sum(p.numel() for p in network.parameters())}
    for line in sys.stdin:
        batch = json.loads(line)
        x, noise = torch.randn(batch, 3, 32, 32), torch.zeros(batch)
        begun = time.perf_counter()
        network(x, noise)
        print(json.dumps({"seconds": time.perf_counter() - begun, **about}), flush=True)

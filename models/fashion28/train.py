"""Trains the embedded model of Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747; MIT licence) from nothing.

    python3 train.py [--images 2518016] [--data FOLDER] [--state FILE] [--out FOLDER]

The network is EDM's DDPM++ (SongUNet; Karras et al. 2022, arXiv 2206.00364) for 28 x 28 pixels in one channel with ten classes, written here from
the paper's Table 7. The loss is EDM's (Section 5): sigma is log-normal, the squared error is weighted by (sigma^2 + sigma_data^2) / (sigma
sigma_data)^2, and a tenth of the labels are left out, so that the model can be guided by its classes. What is kept is the moving average of
the weights. Training goes on from --state where that file exists; it is written every ten minutes.

It writes fashion28.safetensors with the names of EDM's state dict, config.json, and loss.json: the loss on the first 512 test images at fixed
sigmas, with the noise that torch.Generator('cpu').manual_seed(i) draws for image i, so that anything else can be held to it."""

import argparse
import gzip
import json
import math
import os
import time

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

FOLDER = "/usr/share/datasets/fashion-mnist"
SIGMA_DATA, P_MEAN, P_STD, DROPPED = 0.5, -1.2, 1.2, 0.1
WIDTH, MULTIPLES, CLASSES, SIDE = 32, (1, 2, 2), 10, 28
BATCH, PEAK, WARM_UP, HALF_LIFE = 512, 1e-3, 100_000, 100_000
SIGMAS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0)


def read_idx(path):
    """An array in the IDX format of MNIST: two zero bytes, the type (8: bytes), the number of dimensions, and each of them."""
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = numpy.frombuffer(data, ">u4", rank, 4)
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def images_of(folder, part):
    """Images [count, 1, 28, 28] from -1 to 1, and their classes."""
    images = read_idx(os.path.join(folder, f"{part}-images-idx3-ubyte.gz"))
    labels = read_idx(os.path.join(folder, f"{part}-labels-idx1-ubyte.gz"))
    return torch.tensor(images).unsqueeze(1).float() / 127.5 - 1, torch.tensor(labels).long()


class Conv(nn.Module):
    """A convolution with an optional change of size before it."""

    def __init__(self, inputs, outputs, kernel, change=None, gain=1.0):
        super().__init__()
        fan = inputs * kernel * kernel
        self.weight = nn.Parameter(gain * (2 * torch.rand(outputs, inputs, kernel, kernel) - 1) * math.sqrt(3 / fan))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.change = change

    def forward(self, x):
        if self.change == "up":
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        elif self.change == "down":
            x = F.avg_pool2d(x, 2)
        return F.conv2d(x, self.weight, self.bias, padding=self.weight.shape[-1] // 2)


def norm(channels):
    return nn.GroupNorm(min(32, channels // 4), channels, eps=1e-6)


class Block(nn.Module):
    def __init__(self, inputs, outputs, change=None, attention=False):
        super().__init__()
        self.norm0, self.conv0 = norm(inputs), Conv(inputs, outputs, 3, change)
        self.affine = nn.Linear(4 * WIDTH, outputs)
        self.norm1, self.conv1 = norm(outputs), Conv(outputs, outputs, 3, gain=1e-5)
        self.skip = Conv(inputs, outputs, 1, change) if change or inputs != outputs else None
        if attention:
            self.norm2 = norm(outputs)
            self.qkv, self.proj = Conv(outputs, 3 * outputs, 1, gain=0.45), Conv(outputs, outputs, 1, gain=1e-5)
        self.attention = attention

    def forward(self, x, embedding):
        h = self.conv0(F.silu(self.norm0(x)))
        h = self.conv1(F.silu(self.norm1(h + self.affine(embedding)[:, :, None, None])))
        x = (h + (self.skip(x) if self.skip else x)) * math.sqrt(0.5)
        if not self.attention:
            return x
        batch, channels, height, width = x.shape
        q, k, v = self.qkv(self.norm2(x)).reshape(batch, channels, 3, height * width).unbind(2)
        weights = torch.einsum("bcq,bck->bqk", q / math.sqrt(channels), k).softmax(-1)
        mixed = torch.einsum("bqk,bck->bcq", weights, v).reshape(x.shape)
        return (self.proj(mixed) + x) * math.sqrt(0.5)


class Network(nn.Module):
    """DDPM++ with the names of EDM's state dict. It has attention where an image is `attended` pixels wide."""

    def __init__(self, side=SIDE, channels=1, classes=CLASSES, attended=SIDE // 4):
        super().__init__()
        self.classes = classes
        if classes:
            self.map_label = nn.Linear(classes, WIDTH)
        self.map_layer0, self.map_layer1 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, 4 * WIDTH)
        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        sizes = [side >> level for level in range(len(MULTIPLES))]
        name = lambda size, part: f"{size}x{size}_{part}"
        skips, width = [WIDTH], WIDTH
        self.enc[name(side, "conv")] = Conv(channels, WIDTH, 3)
        for level, size in enumerate(sizes):
            if level:
                self.enc[name(size, "down")] = Block(width, width, "down")
                skips.append(width)
            self.enc[name(size, "block0")] = Block(width, WIDTH * MULTIPLES[level], attention=size == attended)
            width = WIDTH * MULTIPLES[level]
            skips.append(width)
        for level, size in reversed(list(enumerate(sizes))):
            if level == len(MULTIPLES) - 1:
                self.dec[name(size, "in0")] = Block(width, width, attention=True)
                self.dec[name(size, "in1")] = Block(width, width)
            else:
                self.dec[name(size, "up")] = Block(width, width, "up")
            for i in range(2):
                out = WIDTH * MULTIPLES[level]
                self.dec[name(size, f"block{i}")] = Block(width + skips.pop(), out, attention=size == attended and i == 1)
                width = out
        self.dec[name(side, "aux_norm")] = norm(width)
        self.dec[name(side, "aux_conv")] = Conv(width, channels, 3, gain=1e-5)

    def forward(self, x, noise, labels):
        half = WIDTH // 2
        angles = noise[:, None] * (1 / 10000) ** (torch.arange(half, device=x.device) / (half - 1))
        embedding = torch.cat([angles.sin(), angles.cos()], 1)
        if self.classes:
            embedding = embedding + self.map_label(labels * math.sqrt(self.classes))
        embedding = F.silu(self.map_layer1(F.silu(self.map_layer0(embedding))))
        skips = []
        for part, layer in self.enc.items():
            x = layer(x) if part.endswith("conv") else layer(x, embedding)
            skips.append(x)
        for part, layer in self.dec.items():
            if part.endswith("aux_norm"):
                x = F.silu(layer(x))
            elif part.endswith("aux_conv"):
                return layer(x)
            else:
                x = layer(torch.cat([x, skips.pop()], 1) if "block" in part else x, embedding)


def denoised(network, x, sigma, labels):
    """EDM's preconditioning: D(x; sigma, class). sigma: [batch]; labels: [batch, 10], of zeros where there is no class."""
    s = sigma[:, None, None, None]
    total = s**2 + SIGMA_DATA**2
    answer = network(x / total.sqrt(), sigma.log() / 4, labels)
    return SIGMA_DATA**2 / total * x + s * SIGMA_DATA / total.sqrt() * answer


def loss_of(network, images, labels, sigma, noise):
    s = sigma[:, None, None, None]
    weight = (s**2 + SIGMA_DATA**2) / (s * SIGMA_DATA) ** 2
    return (weight * (denoised(network, images + s * noise, sigma, labels) - images) ** 2).mean()


def rate_at(seen, total):
    """The learning rate rises over the first images and falls to 0 along a cosine."""
    return PEAK * min(1, seen / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1, seen / total)))


def train(network, images, classes, options):
    device = images.device
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.Adam(network.parameters(), lr=PEAK, betas=(0.9, 0.999), fused=device.type == "cuda")
    seen, lately, count, begun, saved = 0, 0.0, 0, time.time(), time.time()
    if os.path.exists(options.state):
        state = torch.load(options.state, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        average, seen = state["average"], state["seen"]
    generator = torch.Generator(device).manual_seed(seen)
    draw = lambda *shape: torch.randn(*shape, generator=generator, device=device)
    while seen < options.images:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(seen + BATCH, options.images)
        chosen = torch.randint(len(images), (BATCH,), generator=generator, device=device)
        kept = torch.rand(BATCH, 1, generator=generator, device=device) >= DROPPED
        labels = F.one_hot(classes[chosen], CLASSES).float() * kept
        sigma = (P_MEAN + P_STD * draw(BATCH)).exp()
        loss = loss_of(network, images[chosen], labels, sigma, draw(BATCH, 1, SIDE, SIDE))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        seen += BATCH
        decay = 0.5 ** (BATCH / min(HALF_LIFE, 0.05 * seen))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.values()), list(network.state_dict().values()), 1 - decay)
        lately, count = lately + loss.detach(), count + 1
        if count == 500:
            print(f"{seen} images, {time.time() - begun:.0f} s, loss {lately.item() / count:.4f}", flush=True)
            lately, count = 0.0, 0
        if time.time() - saved > 600 or seen >= options.images:
            saved = time.time()
            state = dict(network=network.state_dict(), optimizer=optimizer.state_dict(), average=average, seen=seen)
            torch.save(state, options.state + ".part")
            os.replace(options.state + ".part", options.state)
    return average


@torch.no_grad()
def test_losses(network, images, classes):
    """The loss at each of SIGMAS on images whose noise is that of generators seeded by their place."""
    device = images.device
    seeds = range(len(images))
    noise = torch.stack([torch.randn(1, SIDE, SIDE, generator=torch.Generator().manual_seed(i)) for i in seeds]).to(device)
    labels = F.one_hot(classes, CLASSES).float()
    full = lambda sigma: torch.full((len(images),), sigma, device=device)
    return [loss_of(network, images, labels, full(sigma), noise).item() for sigma in SIGMAS]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2_518_016, help="how many are looked at in all")
    parser.add_argument("--data", default=FOLDER, help="the folder of the four IDX files, as Debian's dataset-fashion-mnist brings them")
    parser.add_argument("--state", default="fashion28-training.pt", help="where training stands")
    parser.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)))
    options = parser.parse_args()
    from safetensors.torch import save_file

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    network = Network().to(device)
    images, classes = (part.to(device) for part in images_of(options.data, "train"))
    average = train(network, images, classes, options)
    network.load_state_dict(average)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    tests, answers = (part[:512].to(device) for part in images_of(options.data, "t10k"))
    losses = test_losses(network.eval(), tests, answers)
    os.makedirs(options.out, exist_ok=True)
    weights = {f"model.{name}": value.cpu().contiguous() for name, value in average.items()}
    save_file(weights, os.path.join(options.out, "fashion28.safetensors"), metadata={"format": "pt"})
    about = dict(images=options.images, batch=BATCH, parameters=sum(value.numel() for value in average.values()))
    with open(os.path.join(options.out, "loss.json"), "w") as file:
        json.dump(dict(about, torch=torch.__version__, tests=512, sigmas=SIGMAS, losses=losses), file, indent=1)
    config = dict(
        img_resolution=SIDE, img_channels=1, label_dim=CLASSES, sigma_min=0.002, sigma_max=80, sigma_data=SIGMA_DATA,
        model_type="SongUNet", model_channels=WIDTH, channel_mult=list(MULTIPLES), num_blocks=1, attn_resolutions=[7],
        augment_dim=0, dropout=0.0, label_dropout=DROPPED,
    )
    with open(os.path.join(options.out, "config.json"), "w") as file:
        json.dump({"class_name": "EDMPrecond", "init_kwargs": config}, file, indent=1)
    print("losses", dict(zip(SIGMAS, losses)))


if __name__ == "__main__":
    main()

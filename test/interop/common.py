"""What every interop case shares: weights that compress, the rule of inputs, and how expectations are written."""

import inspect
import json
import math
import os
import shutil
import zlib

import numpy as np
import torch
from safetensors.numpy import save_file

TIMESTEPS = [0, 250, 999]
PROMPT = "the cat and a dog"


def stirred(module, name):
    """Gives every parameter other values, none zero by design, of few distinct numbers so that files compress."""
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            generator = torch.Generator().manual_seed(zlib.crc32(f"{name}/{key}".encode()))
            levels = torch.randn(parameter.shape, generator=generator).mul(2).round().clamp(-5, 5) / 2
            if parameter.dim() > 1:
                fan_in = parameter[0].numel() if "embedding" not in key or "time_embedding" in key else 1
                parameter.copy_(levels * 2.0 ** round(math.log2(1 / math.sqrt(fan_in))))
            elif key.endswith("weight") and "norm" in key:
                parameter.copy_(1 + levels / 8)
            else:
                parameter.copy_(levels / 16)
    return module.eval()


def made_by(network, arguments, name, blank=False):
    """A stirred network, or None where this version of the library does not know one of the arguments.

    blank: its weights are all zero, which takes no room: enough where it is only to be refused.
    """
    known = inspect.signature(network.__init__).parameters
    if any(key not in known for key in arguments):
        return None
    made = network(**arguments)
    if blank:
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.zero_()
        return made.eval()
    return stirred(made, name)


def inputs(shape):
    """u[i] = float32(1.3 sin(0.7 + 1.9 i)), i the index in (channels, height, width)."""
    index = np.arange(math.prod(shape), dtype=np.float64)
    return np.sin(0.7 + 1.9 * index).__mul__(1.3).astype(np.float32).reshape(shape)


class Case:
    """A folder `name` under `out`, filled by a library, and what that library computes from it."""

    def __init__(self, out, name, **about):
        self.name = name
        self.folder = os.path.join(out, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.about = {"case": name, **about}
        self.arrays = {}

    def path(self, *parts):
        return os.path.join(self.folder, "model", *parts)

    def dropped(self, reason):
        """Leaves out a case that this version of the library cannot write."""
        print(f"{self.name} is left out: {reason}")
        shutil.rmtree(self.folder)

    def edit(self, file, change):
        """Changes a JSON file that the library wrote, as people do by hand."""
        with open(self.path(file)) as f:
            value = json.load(f)
        change(value)
        with open(self.path(file), "w") as f:
            json.dump(value, f, indent=2)

    def denoised(self, shape, points):
        """points: (sigma, the factor that makes x of u, D(x; sigma) of the real code as an array) each."""
        self.about["shape"] = list(shape)
        self.about["sigmas"] = [float(sigma) for sigma, _, _ in points]
        self.about["scales"] = [float(scale) for _, scale, _ in points]
        self.arrays["denoised"] = np.stack([np.asarray(d, dtype=np.float32).reshape(shape) for _, _, d in points])

    def write(self):
        arrays = {key: np.ascontiguousarray(value, dtype=np.float32) for key, value in self.arrays.items()}
        save_file(arrays, os.path.join(self.folder, "expected.safetensors"))
        with open(os.path.join(self.folder, "expected.json"), "w") as f:
            json.dump(self.about, f, indent=1)


def whole(case, runs):
    """Notes the runs: (name, what is said of it, latents, images)."""
    case.about["exported"] = {}
    for name, about, latents, images in runs:
        case.about["exported"][name] = about
        case.arrays[f"{name}.latents"] = latents.numpy()
        case.arrays[name] = images.float().numpy()


def ddpm_bars():
    """DDPM's chain in double precision."""
    return np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))


def chain_points(network, bars, prediction, shape, timesteps=TIMESTEPS, exact=np.float64):
    """D of a variance-preserving chain whose network answers `prediction`; it sees u at each timestep."""
    points = []
    u = inputs(shape)
    for t in timesteps:
        bar = exact(bars[t])
        alpha, s = math.sqrt(bar), math.sqrt(1 - bar)
        out = network(u, t).astype(np.float64)
        v, x = out, u.astype(np.float64)
        d = {
            "epsilon": lambda: (x - s * v) / alpha,
            "v_prediction": lambda: alpha * x - s * v,
            "sample": lambda: v,
        }[prediction]()
        points.append((s / alpha, 1 / alpha, d))
    return points


def network_of(unet, **condition):
    """unet as a function of one image u and its step; numpy in, numpy out. A learned variance is dropped."""

    def call(u, t):
        t = torch.as_tensor(t)
        with torch.no_grad():
            out = unet(torch.from_numpy(np.asarray(u, dtype=np.float32))[None], t, **condition).sample
        return out[0, : u.shape[0]].numpy()

    return call

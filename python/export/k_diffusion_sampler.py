"""A few-step sampler as a table of numbers, in the convention of k-diffusion's samplers."""

import json
import os

import torch
from tqdm.auto import tqdm

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "table.json"), encoding="utf-8") as file:
    TABLE = json.load(file)
SIGMA_MAX, SIGMA_MIN = TABLE["sigmas"]


def combined(z, row, answers):
    """Where a row stands: its share of the latents, and of each answer before it."""
    x = row["noise"] * z
    for weight, answer in zip(row["denoised"], answers):
        if weight != 0:
            x = x + weight * answer
    return x


def repeated(value, batch, times):
    """What goes with each image of a batch, for a batch that is repeated."""
    if isinstance(value, dict):
        return {key: repeated(one, batch, times) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(repeated(one, batch, times) for one in value)
    if torch.is_tensor(value) and value.dim() > 0 and value.shape[0] == batch:
        return torch.cat([value] * times)
    return value


@torch.no_grad()
def sample_NAME(model, x, sigmas=None, extra_args=None, callback=None, disable=None):
    """The images that x = SIGMA_MAX * noise leads to, model(x, sigma) being the denoiser.

    The points of a layer are one batch.
    """
    if sigmas is not None and abs(float(sigmas[0]) / SIGMA_MAX - 1) > 1e-4:
        raise ValueError(f"the table begins at sigma {SIGMA_MAX}, not {float(sigmas[0])}: leave sigmas out")
    batch, z, answers = len(x), x.float() / SIGMA_MAX, []
    for i, layer in enumerate(tqdm(TABLE["layers"], disable=disable)):
        points = torch.cat([combined(z, row, answers) for row in layer]).to(x.dtype)
        levels = x.new_tensor([row["sigma"] for row in layer])
        denoised = model(points, levels.repeat_interleave(batch), **repeated(extra_args or {}, batch, len(layer)))
        answers.extend(denoised.float().chunk(len(layer)))
        if callback is not None:
            told = dict(x=points[:batch], i=i, sigma=levels[0], sigma_hat=levels[0], denoised=denoised[:batch])
            callback(told)
    return combined(z, TABLE["result"], answers).to(x.dtype)

"""A few-step sampler as a table of numbers: a node of ComfyUI, for SamplerCustom and SamplerCustomAdvanced."""

import json
import os

import comfy.model_sampling
import comfy.samplers
import torch
from tqdm.auto import tqdm

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "table.json"), encoding="utf-8") as file:
    TABLE = json.load(file)
FIRST, LAST = map(float, TABLE["sigmas"])
LEVELS = [FIRST, *(float(layer[0]["sigma"]) for layer in TABLE["layers"][1:]), LAST]


def combined(z, row, answers):
    """Where a row stands: its share of the latents, and of each answer before it."""
    x = row["noise"] * z
    for weight, answer in zip(row["denoised"], answers):
        if weight != 0:
            x = x + weight * answer
    return x


def place(sampling, sigma):
    """alpha of the noisy image alpha * image + s * noise that ComfyUI has there, and what it calls sigma.

    At infinite noise, which is t = 1 of a flow, rows stand where the noise is 1, and alpha is 1 in place of 0.
    """
    if isinstance(sampling, comfy.model_sampling.CONST):
        alpha = 1 / (1 + sigma)
        return alpha or 1.0, 1 - alpha
    if sigma == float("inf"):
        raise ValueError("the table begins at t = 1 of a flow: it needs a model of flow matching")
    return 1.0, sigma


@torch.no_grad()
def sample(model, x, sigmas, extra_args=None, callback=None, disable=None):
    """The images that x = sigmas[0] * noise leads to; the points of a layer are one batch."""
    sampling = model.inner_model.inner_model.model_sampling
    first = place(sampling, FIRST)[1]
    if abs(float(sigmas[0]) / first - 1) > 1e-4:
        raise ValueError(f"the table begins at sigma {first}, not {float(sigmas[0])}: connect its own node's sigmas")
    batch, z, answers = len(x), x.float() / float(sigmas[0]), []
    masked = (extra_args or {}).get("denoise_mask") is not None
    for i, layer in enumerate(tqdm(TABLE["layers"], disable=disable)):
        places = [place(sampling, float(row["sigma"])) for row in layer]
        points = [alpha * combined(z, row, answers) for (alpha, _), row in zip(places, layer)]
        levels = x.new_tensor([told for _, told in places])
        # A mask has the batch's size and is not repeated: its points are evaluated one after the other.
        calls = list(zip(points, levels[:, None])) if masked else [(torch.cat(points), levels)]
        asked = [model(point.to(x.dtype), told.repeat_interleave(batch), **(extra_args or {})) for point, told in calls]
        answers.extend(torch.cat(asked).float().chunk(len(layer)))
        if callback is not None:
            told = dict(x=points[0], i=i, sigma=levels[0], sigma_hat=levels[0], denoised=answers[-len(layer)])
            callback(told)
    alpha, _ = place(sampling, LAST)
    return (alpha * combined(z, TABLE["result"], answers)).to(x.dtype)


class Sampler(comfy.samplers.KSAMPLER):
    """Its latents are multiplied by sigma itself, at the model's largest sigma too."""

    def max_denoise(self, model_wrap, sigmas):
        return False


class TableSampler:
    """Gives the sampler, and the noise levels that it is used with."""

    CATEGORY = "sampling/custom_sampling/samplers"
    RETURN_TYPES = ("SAMPLER", "SIGMAS")
    FUNCTION = "get"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def get(self, model):
        sampling = model.get_model_object("model_sampling")
        return Sampler(sample), torch.FloatTensor([place(sampling, sigma)[1] for sigma in LEVELS])


NODE_CLASS_MAPPINGS = {f"epd-run {TABLE['name']}": TableSampler}
NODE_DISPLAY_NAME_MAPPINGS = {f"epd-run {TABLE['name']}": f"Sampler {TABLE['name']}"}

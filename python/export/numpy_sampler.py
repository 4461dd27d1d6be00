"""A few-step sampler as a table of numbers: images from latents and a denoiser, by NumPy alone."""

import json
import os

import numpy as np

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "table.json"), encoding="utf-8") as file:
    TABLE = json.load(file)


def combined(z, row, answers):
    """Where a row stands: its share of the latents, and of each answer before it."""
    x = row["noise"] * z
    for weight, answer in zip(row["denoised"], answers):
        if weight != 0:
            x = x + weight * answer
    return x


def sample(denoise, latents):
    """The images that latents lead to, [batch, ...], in double precision.

    latents are standard normal, [batch, ...]. denoise(x, sigma) is the expected clean image of
    x = image + sigma * noise, x being [n, ...] and sigma [n]. The points of a layer do not wait for each other, and are
    one call with n = batch * points.
    """
    z = np.asarray(latents, dtype=np.float64)
    answers = []
    for layer in TABLE["layers"]:
        x = np.concatenate([combined(z, row, answers) for row in layer])
        sigma = np.repeat([float(row["sigma"]) for row in layer], len(z))
        answers.extend(np.split(np.asarray(denoise(x, sigma), dtype=np.float64), len(layer)))
    return combined(z, TABLE["result"], answers)

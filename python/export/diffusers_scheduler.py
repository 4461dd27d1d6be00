"""A few-step sampler as a table of numbers: a scheduler that pipelines of diffusers take."""

import json
import os

import numpy as np
import torch
from diffusers import ConfigMixin, DDPMScheduler, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "table.json"), encoding="utf-8") as file:
    TABLE = json.load(file)
ROWS = [row for layer in TABLE["layers"] for row in layer]
CHAIN = {"num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type"}
TAKEN = CHAIN | {"trained_betas", "rescale_betas_zero_snr"}


def combined(z, row, answers):
    """Where a row stands: its share of the latents, and of each answer before it."""
    x = row["noise"] * z
    for weight, answer in zip(row["denoised"], answers):
        if weight != 0:
            x = x + weight * answer
    return x


class TableScheduler(SchedulerMixin, ConfigMixin):
    """Each row of the table is one step of the pipeline. Between steps the sample is what the model sees next."""

    order = 1
    evaluations = len(ROWS)

    @register_to_config
    def __init__(
        self,
        num_train_timesteps=1000,
        beta_start=0.0001,
        beta_end=0.02,
        beta_schedule="linear",
        trained_betas=None,
        rescale_betas_zero_snr=False,
        prediction_type="epsilon",
    ):
        self.flow = prediction_type == "flow_prediction"
        betas = DDPMScheduler(num_train_timesteps, beta_start, beta_end, beta_schedule, trained_betas).betas.double()
        bars = torch.cumprod(1 - betas, 0).numpy()
        if rescale_betas_zero_snr:
            bars = (np.sqrt(bars) - np.sqrt(bars[-1])) * np.sqrt(bars[0]) / (np.sqrt(bars[0]) - np.sqrt(bars[-1]))
            bars = np.maximum(bars**2, 2.0**-24)
        self.log_sigmas = np.log(1 / bars - 1) / 2
        self.scaled = False
        self.set_timesteps()

    @classmethod
    def from_config(cls, config, **kwargs):
        """A scheduler for the model of another one, whose noise and prediction it takes over."""
        config = {key: value for key, value in config.items() if key != "_use_default_values"}
        flow = "shift" in config and config.get("_class_name", "FlowMatch").startswith("FlowMatch")
        other = {"sigma_data", "snr_shift_scale"} & set(config)
        told = config.get("timestep_type", "discrete") != "discrete" or config.get("invert_sigmas", False)
        if flow:
            config["prediction_type"] = "flow_prediction"
        if other or told or not (flow or CHAIN <= set(config)):
            name = config.get("_class_name", "the scheduler")
            raise ValueError(f"{name} has other noise than a chain of betas or a flow")
        return super().from_config({key: value for key, value in config.items() if key in TAKEN}, **kwargs)

    def place(self, sigma):
        """alpha and s of the model's noisy image alpha * image + s * noise, and the time that it is told.

        At infinite noise, which is t = 1 of a flow, rows stand where the noise is 1, and alpha is 1 in place of 0.
        """
        steps = self.config.num_train_timesteps
        if self.flow:
            alpha = 1 / (1 + sigma)
            return alpha or 1.0, 1 - alpha, steps * (1 - alpha)
        if sigma == np.inf:
            raise ValueError("the table begins at t = 1 of a flow: it needs a flow's scheduler")
        alpha = 1 / np.sqrt(1 + sigma**2)
        return alpha, sigma * alpha, float(np.interp(np.log(sigma), self.log_sigmas, np.arange(steps)))

    def set_timesteps(self, num_inference_steps=None, device=None, timesteps=None, sigmas=None, mu=None):
        """The times of the table. Those that a pipeline brings are not taken, but there must be as many."""
        given = next((len(times) for times in (timesteps, sigmas) if times is not None), num_inference_steps)
        if given not in (None, len(ROWS)):
            raise ValueError(f"the table has {len(ROWS)} evaluations: pass num_inference_steps={len(ROWS)}")
        self.places = [self.place(float(row["sigma"])) for row in ROWS]
        self.timesteps = torch.tensor([told for _, _, told in self.places], dtype=torch.float32, device=device)
        self.num_inference_steps, self.step_index, self.answers = len(ROWS), 0, []
        self.init_noise_sigma = float(self.places[0][0] * ROWS[0]["noise"])

    def set_begin_index(self, begin_index=0):
        if begin_index != 0:
            raise ValueError("a table begins with noise alone: image to image needs another scheduler")

    def add_noise(self, original_samples, noise, timesteps):
        raise ValueError("a table begins with noise alone: image to image and inpainting need another scheduler")

    def begin(self, noise):
        """The latents to be given to a pipeline that does not multiply them by init_noise_sigma itself."""
        self.scaled = True
        return self.init_noise_sigma * noise

    def scale_model_input(self, sample, timestep=None):
        """The sample, which is what the model sees. Pipelines that call this multiply latents by init_noise_sigma."""
        self.scaled = True
        return sample

    def step(self, model_output, timestep, sample, generator=None, return_dict=True, **unused):
        """The next image that the model is to see, and after the last row the result."""
        i, seen = self.step_index, sample.float()
        if i == 0:
            self.check_begin(unused)
            self.z, self.answers = seen / self.init_noise_sigma, []
        elif not torch.equal(sample, self.state):
            raise ValueError("latents were changed between two steps, which a table does not take up")
        self.answers.append(self.denoised(model_output.float()[:, : sample.shape[1]], seen, *self.places[i][:2]))
        self.step_index = (i + 1) % len(ROWS)
        last = self.step_index == 0
        self.scaled = self.scaled and not last
        state = combined(self.z, TABLE["result"] if last else ROWS[i + 1], self.answers)
        self.state = (state if last else state * self.places[i + 1][0]).to(sample.dtype)
        return SchedulerOutput(prev_sample=self.state) if return_dict else (self.state,)

    def check_begin(self, given):
        if given.get("eta"):
            raise ValueError("a table adds no noise: leave eta out")
        if not self.scaled and abs(self.init_noise_sigma - 1) > 0.01:
            raise ValueError("this pipeline does not scale latents: pass latents=pipeline.scheduler.begin(noise)")

    def denoised(self, output, seen, alpha, s):
        """The clean image that the model's output stands for."""
        prediction = self.config.prediction_type
        if prediction == "epsilon":
            return (seen - s * output) / alpha
        if prediction == "v_prediction":
            return alpha * seen - s * output
        if prediction == "flow_prediction":
            return seen - s * output
        if prediction == "sample":
            return output
        raise ValueError(f"prediction_type {prediction} is not known")

"""Schedulers: each class as it saves itself, and what it makes of one small network's answers."""

import inspect
import math

import diffusers
import numpy as np
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from common import Case, chain_points, inputs, made_by, network_of
from unets import BASE

SHAPE = (3, 8, 8)
SMALL = {**BASE, "down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
SD = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)

# Chains of betas: name -> class, arguments.
CHAINS = {
    "100-steps": ("DDPMScheduler", dict(num_train_timesteps=100)),
    "cosine": ("DDPMScheduler", dict(beta_schedule="squaredcos_cap_v2")),
    "cosine-v": ("DDIMScheduler", dict(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction")),
    "ddim": ("DDIMScheduler", {}),
    "ddim-sd": ("DDIMScheduler", dict(**SD, set_alpha_to_one=False, steps_offset=1, clip_sample=False)),
    "ddim-inverse": ("DDIMInverseScheduler", SD),
    "ddim-parallel": ("DDIMParallelScheduler", {}),
    "ddpm-parallel": ("DDPMParallelScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "dpm-multistep": ("DPMSolverMultistepScheduler", {}),
    "dpm-multistep-karras": ("DPMSolverMultistepScheduler", dict(use_karras_sigmas=True, algorithm_type="sde-dpmsolver++")),
    "dpm-inverse": ("DPMSolverMultistepInverseScheduler", {}),
    "dpm-singlestep": ("DPMSolverSinglestepScheduler", {}),
    "dpm-sde": ("DPMSolverSDEScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", SD),
    "heun": ("HeunDiscreteScheduler", {}),
    "heun-exp": ("HeunDiscreteScheduler", dict(beta_schedule="exp")),
    "kdpm2": ("KDPM2DiscreteScheduler", {}),
    "kdpm2-ancestral": ("KDPM2AncestralDiscreteScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "linear": ("DDPMScheduler", dict(beta_start=0.0005, beta_end=0.01)),
    "lms": ("LMSDiscreteScheduler", {}),
    "pndm": ("PNDMScheduler", {}),
    "repaint": ("RePaintScheduler", {}),
    "sa-solver": ("SASolverScheduler", {}),
    "sample": ("DDIMScheduler", dict(prediction_type="sample")),
    "sigmoid": ("DDPMScheduler", dict(beta_schedule="sigmoid")),
    "tcd": ("TCDScheduler", {}),
    "trained-betas": ("DDPMScheduler", dict(trained_betas=[0.001 + 0.00002 * i for i in range(1000)])),
    "unclip": ("UnCLIPScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "v-prediction": ("PNDMScheduler", dict(**SD, prediction_type="v_prediction")),
    "zero-snr": (
        "DDIMScheduler",
        dict(**SD, rescale_betas_zero_snr=True, prediction_type="v_prediction", timestep_spacing="trailing"),
    ),
    "cogvideox": ("CogVideoXDDIMScheduler", dict(snr_shift_scale=3.0)),
    "laplace": ("DDPMScheduler", dict(beta_schedule="laplace")),
}
# Configurations as people cut them by hand: no key but the class is left, and its own defaults hold.
CUT = {
    "heun-cut": "HeunDiscreteScheduler",
    "kdpm2-cut": "KDPM2DiscreteScheduler",
    "lcm-cut": "LCMScheduler",
    "tcd-cut": "TCDScheduler",
    "euler-cut": "EulerDiscreteScheduler",
    "ddim-cut": "DDIMScheduler",
    "repaint-cut": "RePaintScheduler",
    "unclip-cut": "UnCLIPScheduler",
}
# Noise that is no chain of betas, with the steps that are taken to read the denoised image off.
STEPPED = {
    "edm-euler": ("EDMEulerScheduler", {}),
    "edm-euler-v": ("EDMEulerScheduler", dict(prediction_type="v_prediction", sigma_max=60.0, sigma_data=0.6)),
    "edm-dpm": ("EDMDPMSolverMultistepScheduler", {}),
    "euler-continuous": (
        "EulerDiscreteScheduler",
        dict(
            **SD,
            prediction_type="v_prediction",
            timestep_type="continuous",
            use_karras_sigmas=True,
            sigma_min=0.002,
            sigma_max=500.0,
            timestep_spacing="leading",
        ),
    ),
    "flow": ("FlowMatchEulerDiscreteScheduler", {}),
    "flow-shift": ("FlowMatchEulerDiscreteScheduler", dict(shift=3.0)),
    "flow-heun": ("FlowMatchHeunDiscreteScheduler", {}),
    "flow-dynamic": ("FlowMatchEulerDiscreteScheduler", dict(use_dynamic_shifting=True)),
    "flow-dpm": (
        "DPMSolverMultistepScheduler",
        dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    ),
    "flow-unipc": (
        "UniPCMultistepScheduler",
        dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
    ),
    "sde-ve": ("ScoreSdeVeScheduler", {}),
    "ipndm": ("IPNDMScheduler", {}),
}
# Classes whose meaning is another: refused by their name.
REFUSED = {
    "consistency": ("CMStochasticIterativeScheduler", {}),
    "karras-ve": ("KarrasVeScheduler", {}),
    "sde-vp": ("ScoreSdeVpScheduler", {}),
    "vq-diffusion": ("VQDiffusionScheduler", dict(num_vec_classes=16)),
    "wuerstchen": ("DDPMWuerstchenScheduler", {}),
    "amused": ("AmusedScheduler", dict(mask_token_id=1)),
    "consistency-decoder": ("ConsistencyDecoderScheduler", {}),
    "cosine-dpm": ("CosineDPMSolverMultistepScheduler", {}),
    "scm": ("SCMScheduler", {}),
}


def scheduler_of(name, arguments):
    """None where this version has no such class or no such option."""
    cls = getattr(diffusers, name, None)
    if cls is None or any(key not in inspect.signature(cls.__init__).parameters for key in arguments):
        return None
    try:
        return cls(**arguments)
    except (NotImplementedError, ImportError, ValueError, RuntimeError) as error:
        print(f"{name} {arguments}: {error}")
        return None


def bars_of(scheduler):
    """alphas_cumprod in double precision, of the class's own betas: single precision is off by 1e-5 over a chain."""
    if hasattr(scheduler, "betas"):
        bars = torch.cumprod(1 - scheduler.betas.double(), 0)
        if torch.allclose(bars, scheduler.alphas_cumprod.double(), rtol=1e-2, atol=1e-6):
            return bars.numpy()
    return scheduler.alphas_cumprod.double().numpy()


def stepped(network, scheduler):
    """(sigma, scale, D) at each of a few steps: the sample is chosen so that the network sees u."""
    u = inputs(SHAPE)
    name = type(scheduler).__name__
    if name == "ScoreSdeVeScheduler":
        return scored(network, u)
    if name == "IPNDMScheduler":
        return angled(network, u, scheduler)
    if getattr(scheduler.config, "use_dynamic_shifting", False):
        scheduler.set_timesteps(4, mu=0.5)
    else:
        scheduler.set_timesteps(4)
    points = []
    flow = "Flow" in name or getattr(scheduler.config, "use_flow_sigmas", False)
    for index, t in enumerate(scheduler.timesteps[:3]):
        sigma = float(scheduler.sigmas[index])
        if flow:
            # At its first step it is noise alone; DPMSolver and UniPC tell a whole step, and the exact one is asked for here.
            if sigma > 0.999:
                continue
            out = network(u, 1000 * sigma).astype(np.float64)
            points.append((sigma / (1 - sigma), 1 / (1 - sigma), u - sigma * out))
            continue
        scheduler._step_index = None
        data = getattr(scheduler.config, "sigma_data", 1.0)
        x = torch.from_numpy(u.astype(np.float64) * math.sqrt(sigma**2 + data**2))[None]
        seen = scheduler.scale_model_input(x, t)
        assert abs(float(seen.flatten()[5]) - float(u.flatten()[5])) < 1e-5
        out = torch.from_numpy(network(u, t).astype(np.float64))[None]
        if hasattr(scheduler, "precondition_outputs"):
            d = scheduler.precondition_outputs(x, out, torch.tensor(sigma, dtype=torch.float64))
        else:
            d = scheduler.step(out, t, x).pred_original_sample
        points.append((sigma, math.sqrt(sigma**2 + data**2), d[0].numpy()))
    return points


def scored(network, u):
    """ScoreSdeVePipeline takes the network's answer for the score of x0 + sigma n, and tells it sigma."""
    x = u.astype(np.float64)
    return [(sigma, 1, x + sigma**2 * network(u, float(sigma)).astype(np.float64)) for sigma in [0.05, 1.0, 20.0]]


def angled(network, u, scheduler):
    """IPNDMScheduler.step: ets = x sin + answer cos, and the denoised image is (x - sin ets) / cos."""
    scheduler.set_timesteps(10)
    points = []
    for index in [1, 5, 9]:
        sine, cosine = float(scheduler.betas[index]), float(scheduler.alphas[index])
        out = network(u, scheduler.timesteps[index]).astype(np.float64)
        ets = u * sine + out * cosine
        points.append((sine / cosine, 1 / cosine, (u - sine * ets) / cosine))
    return points


def write(out, versions, wanted):
    def case_of(full, scheduler, expect="match"):
        case = Case(out, full, family="diffusers", expect=expect, **versions)
        unet = made_by(UNet2DModel, SMALL, "scheduler", blank=expect != "match")
        pipeline = DDPMPipeline(unet, DDPMScheduler())
        pipeline.register_modules(scheduler=scheduler)
        pipeline.save_pretrained(case.path())
        return case, network_of(unet)

    def wanted_of(table):
        """The schedulers of a table that are wanted and that this version has, by their cases' names."""
        for name, (cls, arguments) in table.items():
            full = f"scheduler-{name}"
            scheduler = scheduler_of(cls, arguments) if wanted(full) else None
            if scheduler is not None:
                yield full, cls, scheduler

    for full, _, scheduler in wanted_of(CHAINS):
        case, network = case_of(full, scheduler)
        bars = bars_of(scheduler)
        last = len(bars) - 1
        steps = [0, last // 4, last - 1 if bars[last] < 1e-7 else last]
        prediction = getattr(scheduler.config, "prediction_type", "epsilon")
        case.denoised(SHAPE, chain_points(network, bars, prediction, SHAPE, timesteps=steps))
        case.write()
    for full, _, scheduler in wanted_of({name: (cls, {}) for name, cls in CUT.items()}):
        case, network = case_of(full, scheduler)
        case.edit(
            "scheduler/scheduler_config.json",
            lambda config: [config.pop(key) for key in list(config) if not key.startswith("_")],
        )
        read = type(scheduler).from_pretrained(case.path("scheduler"))
        case.denoised(SHAPE, chain_points(network, bars_of(read), "epsilon", SHAPE))
        case.write()
    for full, _, scheduler in wanted_of(STEPPED):
        case, network = case_of(full, scheduler)
        case.denoised(SHAPE, stepped(network, scheduler))
        case.write()
    for full, cls, scheduler in wanted_of(REFUSED):
        case, _ = case_of(full, scheduler, expect=[cls])
        case.write()

"""Whole samples: each scheduler as a pipeline runs it, from the same latents, on one small network."""

import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from common import Case, made_by
from schedulers import SMALL, scheduler_of

SHAPE = (3, 8, 8)
SD = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
ZERO = dict(final_sigmas_type="zero")

RUNS = {
    "ddim-leading": ("DDIMScheduler", dict(clip_sample=False)),
    "ddim-trailing": ("DDIMScheduler", dict(clip_sample=False, timestep_spacing="trailing")),
    "ddim-sd": ("DDIMScheduler", dict(**SD, clip_sample=False, set_alpha_to_one=False, steps_offset=1)),
    "ddim-clipped": ("DDIMScheduler", dict(clip_sample=True)),
    "euler-linspace": ("EulerDiscreteScheduler", {}),
    "euler-trailing": ("EulerDiscreteScheduler", dict(timestep_spacing="trailing")),
    "euler-leading": ("EulerDiscreteScheduler", dict(timestep_spacing="leading", steps_offset=1)),
    "euler-karras": ("EulerDiscreteScheduler", dict(use_karras_sigmas=True)),
    "euler-exponential": ("EulerDiscreteScheduler", dict(use_exponential_sigmas=True)),
    "dpm-2m": ("DPMSolverMultistepScheduler", ZERO),
    "dpm-2m-20": ("DPMSolverMultistepScheduler", ZERO),
    "dpm-2m-sigma-min": ("DPMSolverMultistepScheduler", dict(final_sigmas_type="sigma_min")),
    "dpm-2m-euler-at-final": ("DPMSolverMultistepScheduler", dict(**ZERO, euler_at_final=True)),
    "dpm-2m-heun": ("DPMSolverMultistepScheduler", dict(**ZERO, solver_type="heun")),
    "dpm-2m-karras": ("DPMSolverMultistepScheduler", dict(**ZERO, use_karras_sigmas=True)),
    "dpm-3m": ("DPMSolverMultistepScheduler", dict(**ZERO, solver_order=3)),
    "dpm-3m-20": ("DPMSolverMultistepScheduler", dict(**ZERO, solver_order=3)),
    "dpm-1": ("DPMSolverMultistepScheduler", dict(**ZERO, solver_order=1)),
    "dpm-noise": (
        "DPMSolverMultistepScheduler",
        dict(algorithm_type="dpmsolver", final_sigmas_type="sigma_min"),
    ),
    "dpm-sd-trailing": ("DPMSolverMultistepScheduler", dict(**SD, **ZERO, timestep_spacing="trailing")),
    "unipc-2": ("UniPCMultistepScheduler", ZERO),
    "unipc-3": ("UniPCMultistepScheduler", dict(**ZERO, solver_order=3)),
    "unipc-bh1": ("UniPCMultistepScheduler", dict(solver_type="bh1", final_sigmas_type="sigma_min")),
    "unipc-noise": ("UniPCMultistepScheduler", dict(predict_x0=False, final_sigmas_type="sigma_min")),
    "unipc-karras": ("UniPCMultistepScheduler", dict(**ZERO, use_karras_sigmas=True)),
    "heun": ("HeunDiscreteScheduler", dict(beta_start=0.0001, beta_end=0.02)),
    "heun-karras": ("HeunDiscreteScheduler", dict(beta_start=0.0001, beta_end=0.02, use_karras_sigmas=True)),
    "kdpm2": ("KDPM2DiscreteScheduler", dict(beta_start=0.0001, beta_end=0.02)),
    "deis-2": ("DEISMultistepScheduler", dict(solver_order=2)),
    "deis-3": ("DEISMultistepScheduler", dict(solver_order=3)),
    "deis-1": ("DEISMultistepScheduler", dict(solver_order=1)),
}
# A flow begins just below its first time, at which it is noise alone.
FLOW_TIMES = [0.98, 0.9, 0.78, 0.64, 0.5, 0.35, 0.22, 0.1]


def prepared(scheduler, kind, steps):
    if kind == "flow":
        scheduler.set_timesteps(sigmas=FLOW_TIMES)
    else:
        scheduler.set_timesteps(steps)
    return scheduler


def run(unet, scheduler, latents):
    """The sample of a pipeline."""
    x = latents * float(getattr(scheduler, "init_noise_sigma", 1.0))
    with torch.no_grad():
        for t in scheduler.timesteps:
            seen = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
            x = scheduler.step(unet(seen, t).sample, t, x).prev_sample
    return x[0].numpy()


def write(out, versions, wanted):
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn((1, *SHAPE), generator=generator)
    kinds = {
        "chain": (DDPMScheduler(clip_sample=False, prediction_type="v_prediction"), {name: run for name, run in RUNS.items() if "sd" not in name}),
        "sd": (DDPMScheduler(**SD, clip_sample=False, prediction_type="v_prediction"), {name: run for name, run in RUNS.items() if "sd" in name}),
        "flow": (
            scheduler_of("FlowMatchEulerDiscreteScheduler", {}),
            {"flow-euler": ("FlowMatchEulerDiscreteScheduler", {})},
        ),
    }
    for kind, (saved, runs) in kinds.items():
        full = f"sampling-{kind}"
        if not wanted(full) or saved is None:
            continue
        case = Case(out, full, family="diffusers", expect="match", shape=list(SHAPE), **versions)
        unet = made_by(UNet2DModel, SMALL, full)
        pipeline = DDPMPipeline(unet, DDPMScheduler())
        pipeline.register_modules(scheduler=saved)
        pipeline.save_pretrained(case.path())
        case.arrays["latents"] = latents[0].numpy()
        case.about["runs"] = {}
        for name, (cls, arguments) in runs.items():
            steps = 20 if name.endswith("-20") else 10
            # With v an untrained network's images are as large as its answers, so that methods differ visibly.
            arguments = arguments if kind == "flow" else dict(arguments, prediction_type="v_prediction")
            scheduler = scheduler_of(cls, arguments)
            if scheduler is None:
                continue
            try:
                prepared(scheduler, kind, steps)
            except (ImportError, ValueError) as error:
                print(f"{name}: {error}")
                continue
            sigmas = [float(sigma) for sigma in scheduler.sigmas] if hasattr(scheduler, "sigmas") else []
            case.about["runs"][name] = dict(
                scheduler=cls,
                config=arguments,
                steps=steps,
                timesteps=[float(t) for t in scheduler.timesteps],
                initial=float(getattr(scheduler, "init_noise_sigma", 1.0)),
                sigmas=sigmas,
            )
            case.arrays[name] = run(unet, scheduler, latents)
        case.write()

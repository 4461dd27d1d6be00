"""Exported predictors in the libraries that they are for: whole samples, on one small network for each kind of model.

EPD_EXPORTS names the folder with what epd-run has exported (run.ts writes it). K_DIFFUSION and COMFYUI name checkouts
of k-diffusion and ComfyUI; without them their runs are left out. Libraries that those import, and that nothing here
calls, are stood in for by empty names where they are not installed.
"""

import importlib
import os
import sys
import types

import numpy as np
import torch
from diffusers import (
    DDIMPipeline,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    EDMEulerScheduler,
    IPNDMScheduler,
    LDMPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    UNet2DModel,
    VQModel,
)

from common import PROMPT, Case, made_by, whole
from conditional import BASE, SD_CHAIN, text_encoder, tokenizer
from autoencoders import kl
from schedulers import SD, SMALL, scheduler_of

SHAPE = (3, 8, 8)
BATCH = 2
SEED = 7
GUIDANCE = dict(scale=3.0, negative="a dog")
NOISE = {
    "v": DDPMScheduler(clip_sample=False, prediction_type="v_prediction"),
    "epsilon": DDPMScheduler(**SD, clip_sample=False),
    "sample": DDIMScheduler(**SD, clip_sample=False, prediction_type="sample"),
    "zero": DDIMScheduler(**SD, rescale_betas_zero_snr=True, prediction_type="v_prediction", clip_sample=False),
    "flow": scheduler_of("FlowMatchEulerDiscreteScheduler", {}),
}
# The first noise level of published is beyond the chain of Stable Diffusion.
PREDICTORS = {
    "v": ["published", "table"],
    "epsilon": ["epd", "steps", "table"],
    "sample": ["epd"],
    "zero": ["published"],
    "flow": ["published", "epd", "steps", "table", "sd3", "flux"],
}


def stood_in(name):
    """An empty module in the place of one that is not installed."""
    try:
        importlib.import_module(name)
    except ImportError:
        sys.modules[name] = types.ModuleType(name)
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, sys.modules[name])


def package(target, predictor):
    if os.environ["EPD_EXPORTS"] not in sys.path:
        sys.path.append(os.environ["EPD_EXPORTS"])
    return importlib.import_module(f"{target}_{predictor}")


def lines_of_readme(target, predictor):
    """The lines of Python in the README of an exported predictor."""
    with open(os.path.join(os.environ["EPD_EXPORTS"], f"{target}_{predictor}", "README.md"), encoding="utf-8") as f:
        return f.read().split("```python\n")[1].split("```")[0]


def noise_of(shape):
    return torch.randn((BATCH, *shape), generator=torch.Generator().manual_seed(SEED))


def noise():
    return noise_of(SHAPE)


def scheduler_by(config, predictor):
    return package("diffusers_scheduler", predictor).TableScheduler.from_config(config)


def scheduler_for(kind, predictor):
    return scheduler_by(NOISE[kind].config, predictor)


def watched(scheduler):
    """The samples before and after each step of a scheduler, as a list that grows."""
    step, states = scheduler.step, []

    def watching(output, t, sample, **given):
        result = step(output, t, sample, **given)
        states.extend([sample, result.prev_sample])
        return result

    scheduler.step = watching
    return states


def in_diffusers(unet, kind, predictor):
    """(latents, images) of a pipeline that multiplies its latents."""
    vqvae = made_by(VQModel, dict(block_out_channels=(8,), norm_num_groups=4, num_vq_embeddings=4), "exports-vq")
    pipeline = LDMPipeline(vqvae, unet, DDIMScheduler())
    scheduler = pipeline.scheduler = scheduler_for(kind, predictor)
    pipeline.set_progress_bar_config(disable=True)
    states = watched(scheduler)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(SEED)
        pipeline(BATCH, generator, num_inference_steps=scheduler.evaluations, output_type="np")
    assert len(states) == 2 * scheduler.evaluations
    return noise(), states[-1]


def in_plain_pipeline(unet, kind, predictor):
    """(latents, images) of DDIMPipeline, which begins with the latents as they are."""
    pipeline = DDIMPipeline(unet, DDIMScheduler())
    scheduler = pipeline.scheduler = scheduler_for(kind, predictor)
    pipeline.set_progress_bar_config(disable=True)
    states = watched(scheduler)
    generator = torch.Generator().manual_seed(SEED)
    asked = dict(generator=generator, num_inference_steps=scheduler.evaluations, output_type="np")
    if abs(scheduler.init_noise_sigma - 1) > 0.01:
        return refused(lambda: pipeline(BATCH, **asked), "scheduler.begin(noise)")
    pipeline(BATCH, **asked)
    assert torch.equal(states[0], noise())
    return states[0] / scheduler.init_noise_sigma, states[-1]


def in_loop(unet, kind, predictor):
    """(latents, images) of the loop that pipelines of flow models have."""
    scheduler = scheduler_for(kind, predictor)
    scheduler.set_timesteps(scheduler.evaluations)
    x = scheduler.begin(noise())
    with torch.no_grad():
        for t in scheduler.timesteps:
            x = scheduler.step(unet(x, t).sample, t, x, return_dict=False)[0]
    return noise(), x


def refused(call, words):
    try:
        call()
    except ValueError as error:
        assert words in str(error), error
        return None
    raise AssertionError(f"it was not refused: {words}")


def expect_refusals():
    """What a table cannot do is refused by the scheduler."""
    scheduler = scheduler_for("epsilon", "epd")
    of = type(scheduler).from_config
    refused(lambda: scheduler.set_timesteps(scheduler.evaluations + 1), f"num_inference_steps={scheduler.evaluations}")
    refused(lambda: scheduler.set_begin_index(1), "image to image")
    refused(lambda: scheduler.add_noise(noise(), noise(), None), "image to image")
    output = scheduler.step(noise(), None, scheduler.begin(noise())).prev_sample
    refused(lambda: scheduler.step(noise(), None, output + 1), "changed between two steps")
    refused(lambda: scheduler_for("epsilon", "epd").step(noise(), None, noise(), eta=1.0), "eta")
    refused(lambda: scheduler_for("epsilon", "table").step(noise(), None, noise()), "scheduler.begin(noise)")
    refused(lambda: of(EDMEulerScheduler().config), "other noise")
    refused(lambda: of(IPNDMScheduler().config), "other noise")
    refused(lambda: of(dict(shift=1.0, _class_name="FlowMapEulerDiscreteScheduler")), "FlowMapEulerDiscreteScheduler")
    refused(lambda: scheduler_for("v", "flux"), "flow's scheduler")
    refused(lambda: of({**NOISE["v"].config, "timestep_type": "continuous"}), "other noise")
    predictions = dict(v="v_prediction", epsilon="epsilon", sample="sample", flow="flow_prediction")
    for kind, prediction in predictions.items():
        assert NOISE[kind] is None or of(NOISE[kind].config).config.prediction_type == prediction


def k_diffusion_external():
    """The modules of k-diffusion without those that its package imports for training."""
    root = os.environ["K_DIFFUSION"]
    for name in ["torchsde", "torchdiffeq", "torchvision", "torchvision.transforms", "torchvision.transforms.functional"]:
        stood_in(name)
    sys.modules["torchdiffeq"].odeint = None
    if "k_diffusion" not in sys.modules:
        bare = types.ModuleType("k_diffusion")
        bare.__path__ = [os.path.join(root, "k_diffusion")]
        sys.modules["k_diffusion"] = bare
    return importlib.import_module("k_diffusion.external")


def in_k_diffusion(unet, kind, predictor, tape):
    external = k_diffusion_external()
    bars = torch.cumprod(1 - NOISE[kind].betas.double(), 0)
    wrapper = external.DiscreteVDDPMDenoiser if kind == "v" else external.DiscreteEpsDDPMDenoiser
    denoiser = wrapper(lambda x, t, **rest: unet(x, t).sample, bars.float(), quantize=False)

    def model(x, sigma, mark):
        # What goes with each image is repeated with it.
        assert mark.shape[0] == x.shape[0] and mark.tolist() == [0, 1] * (len(x) // BATCH)
        denoised = denoiser(x, sigma)
        tape.append((x, sigma, denoised))
        return denoised

    exported = package("k_diffusion_sampler", predictor)
    sample = getattr(exported, f"sample_{predictor}")
    called = []
    latents = noise()
    images = sample(model, exported.SIGMA_MAX * latents, None, dict(mark=torch.arange(BATCH)), called.append, True)
    known = dict(model=lambda x, sigma: x / (1 + sigma[:, None, None, None] ** 2))
    exec(lines_of_readme("k_diffusion_sampler", predictor), known)
    assert known["images"].shape == (16, 3, 32, 32)
    assert [one["i"] for one in called] == list(range(len(exported.TABLE["layers"]))) == list(range(len(tape)))
    return latents, images


def comfyui():
    root = os.environ["COMFYUI"]
    if root not in sys.path:
        sys.path.append(root)
    for name in ["torchsde", "torchvision", "torchvision.transforms"]:
        stood_in(name)
    from comfy.cli_args import args

    args.cpu = True
    for name in ["samplers", "sample", "model_base", "model_patcher", "supported_models_base", "latent_formats"]:
        importlib.import_module(f"comfy.{name}")
    return sys.modules["comfy"]


class InComfy(torch.nn.Module):
    """A network of diffusers in the place of ComfyUI's own."""

    def __init__(self, unet):
        super().__init__()
        self.unet, self.dtype, self.conditioned = unet, torch.float32, False

    def forward(self, x, timesteps, context=None, control=None, transformer_options=None, **rest):
        answer = self.unet(x, timesteps).sample
        return answer + context.mean((1, 2))[:, None, None, None] if self.conditioned else answer


def in_comfyui(unet, kind, predictor):
    """(latents, images) of SamplerCustom's own call, and with a mask of ones those of one point after the other."""
    comfy = comfyui()
    betas = {
        "v": dict(beta_schedule="sqrt_linear", linear_start=0.0001, linear_end=0.02),
        "epsilon": dict(beta_schedule="linear", linear_start=0.00085, linear_end=0.012),
        "flow": {},
    }[kind]
    types_of = comfy.model_base.ModelType

    class Config(comfy.supported_models_base.BASE):
        unet_config = {}
        sampling_settings = betas
        latent_format = comfy.latent_formats.LatentFormat

    config = Config({"disable_unet_model_creation": True})
    config.latent_format.latent_channels = SHAPE[0]
    kinds = {"v": types_of.V_PREDICTION, "epsilon": types_of.EPS, "flow": types_of.FLOW}
    model = comfy.model_base.BaseModel(config, kinds[kind])
    model.diffusion_model = InComfy(unet)
    device = torch.device("cpu")
    patcher = comfy.model_patcher.ModelPatcher(model, load_device=device, offload_device=device)
    (node,) = package("comfyui_node", predictor).NODE_CLASS_MAPPINGS.values()
    sampler, sigmas = getattr(node(), node.FUNCTION)(patcher)
    condition = [[torch.zeros(1, 1, 4), {}]]
    empty = torch.zeros((BATCH, *SHAPE))

    def run(condition=condition, **given):
        latents = noise()
        with torch.no_grad():
            return comfy.sample.sample_custom(
                patcher, latents, 1.0, sampler, sigmas, condition, condition, empty, disable_pbar=True, seed=0, **given
            )

    images = run()
    # With a mask points are evaluated one after the other; a condition of each image goes with all of its points.
    model.diffusion_model.conditioned = True
    own = [[torch.arange(4.0 * BATCH).reshape(BATCH, 1, 4) / 8, {}]]
    together = run(own)
    apart = run(own, noise_mask=torch.ones((BATCH, 1, *SHAPE[1:])))
    assert float((apart - together).abs().max()) < 1e-4 * float(together.abs().max())
    assert float((together - images).abs().max()) > 1e-2 * float(images.abs().max())
    return noise(), images


def write_kind(out, versions, kind):
    case = Case(out, f"exports-{kind}", family="diffusers", expect="match", shape=list(SHAPE), **versions)
    unet = made_by(UNet2DModel, SMALL, case.name)
    pipeline = DDPMPipeline(unet, DDPMScheduler())
    pipeline.register_modules(scheduler=NOISE[kind])
    pipeline.save_pretrained(case.path())
    runs = []
    for predictor in PREDICTORS[kind]:
        about = dict(predictor=predictor)
        in_pipeline = in_loop if kind == "flow" else in_diffusers
        runs.append((f"diffusers.{predictor}", about, *in_pipeline(unet, kind, predictor)))
        plain = None if kind == "flow" else in_plain_pipeline(unet, kind, predictor)
        if plain is not None:
            runs.append((f"diffusers-plain.{predictor}", about, *plain))
        if "K_DIFFUSION" in os.environ and kind in ("v", "epsilon"):
            tape, name = [], f"k-diffusion.{predictor}"
            runs.append((name, about, *in_k_diffusion(unet, kind, predictor, tape)))
            for key, parts in zip(["x", "sigma", "denoised"], zip(*tape)):
                case.arrays[f"{name}.{key}"] = torch.cat(parts).numpy()
        if "COMFYUI" in os.environ and kind not in ("sample", "zero"):
            # ComfyUI tells a network the nearest whole step.
            rounded = dict(about, rounding="nearest") if kind != "flow" else about
            runs.append((f"comfyui.{predictor}", rounded, *in_comfyui(unet, kind, predictor)))
    whole(case, runs)
    case.write()


def write_guided(out, versions):
    """Stable Diffusion with guidance."""
    shape = (4, 8, 8)
    case = Case(out, "exports-guided", family="diffusers", expect="match", shape=list(shape), prompt=PROMPT, **versions)
    pipeline = StableDiffusionPipeline(
        vae=kl(case.name),
        text_encoder=text_encoder(case.name),
        tokenizer=tokenizer(os.path.join(out, ".tokenizer")),
        unet=made_by(UNet2DConditionModel, BASE, case.name),
        scheduler=DDIMScheduler(**SD_CHAIN),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(case.path())
    pipeline.set_progress_bar_config(disable=True)
    runs = []
    for predictor in ["published", "epd", "steps"]:
        pipeline.scheduler = scheduler_for("epsilon", predictor)
        latents = torch.randn((1, *shape), generator=torch.Generator().manual_seed(SEED))
        images = pipeline(
            PROMPT,
            negative_prompt=GUIDANCE["negative"],
            guidance_scale=GUIDANCE["scale"],
            latents=latents,
            num_inference_steps=pipeline.scheduler.evaluations,
            output_type="latent",
        ).images
        runs.append((f"diffusers.{predictor}", dict(predictor=predictor, guidance=GUIDANCE), latents, images))
    pipeline.scheduler = NOISE["epsilon"]
    known = dict(pipeline=pipeline, PROMPT=PROMPT)
    exec(lines_of_readme("diffusers_scheduler", "epd").replace("(...,", "(PROMPT, output_type='latent',"), known)
    assert known["images"].shape == (1, *shape)
    whole(case, runs)
    case.write()


def write(out, versions, wanted):
    if "EPD_EXPORTS" not in os.environ:
        return
    expect_refusals()
    for kind, scheduler in NOISE.items():
        if scheduler is not None and wanted(f"exports-{kind}"):
            write_kind(out, versions, kind)
    if wanted("exports-guided"):
        write_guided(out, versions)

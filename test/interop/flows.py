"""Exported predictors in the pipelines of flow models, Stable Diffusion 3 and FLUX, on small transformers.

This project has no such networks, so that each case keeps its transformer as an ONNX file. The prompt is fixed in it.
Versions of diffusers that do not have these pipelines leave them out.
"""

import os

import onnx
import torch

from autoencoders import kl
from common import Case, made_by, stirred, whole
from exports import BATCH, lines_of_readme, noise_of, scheduler_by

SHAPE = (4, 8, 8)
PROMPT_SHAPE = (1, 4, 8)
POOLED_SHAPE = (1, 16)
PIXELS = 16
TRANSFORMER = dict(num_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=8)
SD3 = dict(
    sample_size=8,
    patch_size=2,
    in_channels=4,
    out_channels=4,
    caption_projection_dim=32,
    pooled_projection_dim=16,
    pos_embed_max_size=4,
    **TRANSFORMER,
)
FLUX = dict(
    patch_size=1, in_channels=16, num_single_layers=1, pooled_projection_dim=16, axes_dims_rope=[4, 6, 6], **TRANSFORMER
)


class WithPrompt(torch.nn.Module):
    """A transformer that is led by one prompt, told t times 1000."""

    def __init__(self, transformer, name):
        super().__init__()
        self.transformer = transformer
        self.prompt = torch.nn.Parameter(torch.zeros(PROMPT_SHAPE))
        self.pooled = torch.nn.Parameter(torch.zeros(POOLED_SHAPE))
        stirred(self, name)

    def embeddings(self, batch):
        return self.prompt.expand(batch, -1, -1), self.pooled.expand(batch, -1)


class OfSD3(WithPrompt):
    def forward(self, sample, timestep):
        prompt, pooled = self.embeddings(sample.shape[0])
        told = dict(timestep=timestep, encoder_hidden_states=prompt, pooled_projections=pooled)
        return self.transformer(hidden_states=sample, return_dict=False, **told)[0]


def packed(sample):
    """Images as FLUX sees them: patches of 2 x 2, one after the other."""
    n, channels, height, width = sample.shape
    patches = sample.reshape(n, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return patches.reshape(n, height * width // 4, channels * 4)


def unpacked(patches):
    channels, height, width = SHAPE
    apart = patches.reshape(-1, height // 2, width // 2, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return apart.reshape(-1, channels, height, width)


class OfFlux(WithPrompt):
    def forward(self, sample, timestep):
        prompt, pooled = self.embeddings(sample.shape[0])
        side = SHAPE[1] // 2
        rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        places = torch.stack([torch.zeros(side, side), rows, columns], -1).reshape(-1, 3)
        told = dict(timestep=timestep / 1000, encoder_hidden_states=prompt, pooled_projections=pooled)
        ids = dict(img_ids=places, txt_ids=torch.zeros(PROMPT_SHAPE[1], 3))
        answer = self.transformer(hidden_states=packed(sample), return_dict=False, **told, **ids)[0]
        return unpacked(answer)


def export(network, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        network,
        (torch.randn(2, *SHAPE), torch.tensor([500.0, 300.0])),
        path,
        input_names=["sample", "timestep"],
        output_names=["velocity"],
        dynamic_shapes={"sample": {0: batch}, "timestep": {0: batch}},
        external_data=False,
    )
    # Where in the source each node comes from is not kept.
    graph = onnx.load(path)
    for part in [graph, graph.graph, *graph.graph.node, *graph.graph.value_info, *graph.graph.initializer]:
        del part.metadata_props[:]
    onnx.save(graph, path)


def write_case(out, versions, name, network, pipeline, predictors, packing):
    """packing: how the pipeline's latents are made of images, and images of them."""
    about = dict(inputs=dict(x="sample", noise="timestep"), predicts="flow", noise=dict(type="flow", times=1000, last=1))
    case = Case(out, f"exports-{name}", family="diffusers", expect="match", shape=list(SHAPE), **versions)
    case.about.update(file="transformer.onnx", onnx=dict(about, shape=list(SHAPE)))
    export(network, case.path(case.about["file"]))
    pipeline.set_progress_bar_config(disable=True)
    original, runs = pipeline.scheduler, []
    pack, unpack = packing
    prompt, pooled = network.embeddings(BATCH)
    asked = dict(prompt_embeds=prompt, pooled_prompt_embeds=pooled, height=PIXELS, width=PIXELS, output_type="latent")
    for predictor in predictors:
        pipeline.scheduler = scheduler_by(original.config, predictor)
        steps, latents = pipeline.scheduler.evaluations, noise_of(SHAPE)
        begun = pipeline.scheduler.begin(pack(latents))
        with torch.no_grad():
            images = pipeline(latents=begun, num_inference_steps=steps, guidance_scale=1.0, **asked).images
        runs.append((f"diffusers.{predictor}", dict(predictor=predictor), latents, unpack(images)))
    # The lines of the README alone, where the table begins at t = 1.
    pipeline.scheduler = original
    known = dict(pipeline=pipeline, asked={**asked, "guidance_scale": 1.0})
    with torch.no_grad():
        exec(lines_of_readme("diffusers_scheduler", predictors[-1]).replace("(...,", "(**asked,"), known)
    assert unpack(known["images"]).shape == (BATCH, *SHAPE)
    whole(case, runs)
    case.write()


def write_sd3(out, versions):
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    network = OfSD3(SD3Transformer2DModel(**SD3), "exports-sd3")
    parts = [f"{kind}{suffix}" for kind in ["text_encoder", "tokenizer"] for suffix in ["", "_2", "_3"]]
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    pipeline = StableDiffusion3Pipeline(
        transformer=network.transformer, scheduler=scheduler, vae=kl("exports-sd3"), **dict.fromkeys(parts)
    )
    write_case(out, versions, "sd3", network, pipeline, ["table", "sd3"], (lambda x: x, lambda x: x))


def write_flux(out, versions):
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    network = OfFlux(FluxTransformer2DModel(**FLUX), "exports-flux")
    parts = [f"{kind}{suffix}" for kind in ["text_encoder", "tokenizer"] for suffix in ["", "_2"]]
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    pipeline = FluxPipeline(
        transformer=network.transformer, scheduler=scheduler, vae=kl("exports-flux"), **dict.fromkeys(parts)
    )
    write_case(out, versions, "flux", network, pipeline, ["table", "flux"], (packed, unpacked))


def write(out, versions, wanted):
    if "EPD_EXPORTS" not in os.environ:
        return
    for name, write_one in {"sd3": write_sd3, "flux": write_flux}.items():
        if not wanted(f"exports-{name}"):
            continue
        try:
            write_one(out, versions)
        except ImportError as error:
            print(f"exports-{name} is left out: {error}")

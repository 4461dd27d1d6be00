"""A pipeline that epd-run reads through a program alone: a small SD3, whose network is a transformer trained on a flow."""

import os

import numpy as np
import torch
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from common import PROMPT, Case, inputs, stirred, whole
from conditional import TOKENS, tokenizer, vocabulary
from schedulers import scheduler_of


def encoder(name):
    words, _ = vocabulary()
    return stirred(
        CLIPTextModelWithProjection(
            CLIPTextConfig(
                vocab_size=len(words),
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=TOKENS,
                projection_dim=16,
                eos_token_id=words["<|endoftext|>"],
            )
        ),
        name,
    )


def exported(pipeline, predictor):
    """A whole sample by an exported predictor: its name, what is said of it, latents and images."""
    from exports import package

    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = package("diffusers_scheduler", predictor).TableScheduler.from_config(pipeline.scheduler.config)
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(7))
    images = pipeline(
        PROMPT,
        guidance_scale=1.0,
        latents=pipeline.scheduler.begin(noise),
        num_inference_steps=pipeline.scheduler.evaluations,
        output_type="latent",
    ).images
    return f"diffusers.{predictor}", dict(predictor=predictor), noise, images


def write(out, versions, wanted):
    if not wanted("live-sd3"):
        return
    try:
        from diffusers import SD3Transformer2DModel, StableDiffusion3Pipeline
    except ImportError as error:
        print(f"live-sd3 is left out: {error}")
        return
    from autoencoders import kl

    case = Case(out, "live-sd3", family="diffusers", expect=["transformer"], prompt=PROMPT, **versions)
    words = tokenizer(os.path.join(out, ".tokenizer"))
    network = stirred(
        SD3Transformer2DModel(
            sample_size=8,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            caption_projection_dim=16,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            pos_embed_max_size=8,
        ),
        "live-sd3",
    )
    pipeline = StableDiffusion3Pipeline(
        transformer=network,
        scheduler=scheduler_of("FlowMatchEulerDiscreteScheduler", dict(shift=3.0)),
        vae=kl("live-sd3", shift_factor=0.25),
        text_encoder=encoder("live-1"),
        tokenizer=words,
        text_encoder_2=encoder("live-2"),
        tokenizer_2=words,
        text_encoder_3=None,
        tokenizer_3=None,
    )
    pipeline.save_pretrained(case.path())
    context, _, pooled, _ = pipeline.encode_prompt(PROMPT, None, None, do_classifier_free_guidance=False)
    u = inputs((4, 8, 8))
    points = []
    for sigma in [0.1, 0.5, 0.95]:
        with torch.no_grad():
            velocity = network(
                torch.from_numpy(u)[None],
                timestep=torch.tensor([1000 * sigma]),
                encoder_hidden_states=context,
                pooled_projections=pooled,
            ).sample[0].numpy()
        points.append((sigma / (1 - sigma), 1 / (1 - sigma), u - sigma * velocity.astype(np.float64)))
    case.denoised((4, 8, 8), points)
    with torch.no_grad():
        latents = torch.from_numpy(u / 2)[None]
        config = pipeline.vae.config
        case.arrays["decoded"] = pipeline.vae.decode(latents / config.scaling_factor + config.shift_factor).sample[0].numpy()
    if "EPD_EXPORTS" in os.environ:
        whole(case, [exported(pipeline, predictor) for predictor in ["published", "steps"]])
    case.write()

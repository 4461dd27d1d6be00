"""First stages: AutoencoderKL and VQModel, each with what it decodes."""

import torch
from diffusers import AutoencoderKL, DDPMScheduler, LDMPipeline, UNet2DModel, VQModel

import unets
from common import Case, chain_points, ddpm_bars, inputs, made_by, network_of

BASE = dict(
    in_channels=3,
    out_channels=3,
    block_out_channels=(8, 16),
    down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
    up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
    layers_per_block=1,
    norm_num_groups=4,
    latent_channels=4,
    sample_size=16,
)
VQ = dict(num_vq_embeddings=16, latent_channels=3)
KL_CASES = {
    "plain": {},
    "act-gelu": dict(act_fn="gelu"),
    "attention-up": dict(up_block_types=("UpDecoderBlock2D", "AttnUpDecoderBlock2D")),
    "latent-3": dict(latent_channels=3),
    "layers-2": dict(layers_per_block=2),
    "no-attention": dict(mid_block_add_attention=False),
    "no-quant-conv": dict(use_quant_conv=False, use_post_quant_conv=False),
    "scale": dict(scaling_factor=0.5),
    "shift": dict(shift_factor=0.25),
    "three": dict(
        block_out_channels=(8, 8, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
    ),
}
VQ_CASES = {
    "plain": {},
    "attention-up": dict(up_block_types=("UpDecoderBlock2D", "AttnUpDecoderBlock2D")),
    "embed-dim": dict(vq_embed_dim=4),
    "lookup": dict(lookup_from_codebook=True),
    "no-attention": dict(mid_block_add_attention=False),
    "scale-1": dict(scaling_factor=1.0),
    "spatial": dict(norm_type="spatial", block_out_channels=(32, 32), norm_num_groups=32),
}


def kl(name, **over):
    return made_by(AutoencoderKL, {**BASE, **over}, name)


def decoded(autoencoder, latents):
    """The image of latents as LDMPipeline and StableDiffusionPipeline make it: divided by the scale, then decoded."""
    config = autoencoder.config
    shift = getattr(config, "shift_factor", None) or 0
    with torch.no_grad():
        return autoencoder.decode(torch.from_numpy(latents)[None] / config.scaling_factor + shift).sample[0].numpy()


def write(out, versions, wanted):
    made = [(f"kl-{name}", AutoencoderKL, {**BASE, **over}) for name, over in KL_CASES.items()]
    made += [(f"vq-{name}", VQModel, {**BASE, **VQ, **over}) for name, over in VQ_CASES.items()]
    for name, network, arguments in made:
        full = f"autoencoder-{name}"
        if not wanted(full):
            continue
        autoencoder = made_by(network, arguments, full, blank=name == "vq-spatial")
        if autoencoder is None:
            continue
        channels = arguments.get("vq_embed_dim", arguments["latent_channels"])
        unet = made_by(UNet2DModel, {**unets.BASE, "in_channels": channels, "out_channels": channels}, full)
        case = Case(out, full, family="diffusers", expect="match", **versions)
        LDMPipeline(vqvae=autoencoder, unet=unet, scheduler=DDPMScheduler(clip_sample=False)).save_pretrained(case.path())
        if name == "vq-spatial":
            case.about["expect"] = ["norm_type", "spatial"]
            case.write()
            continue
        shape = (channels, 8, 8)
        bars = ddpm_bars()
        case.denoised(shape, chain_points(network_of(unet), bars, "epsilon", shape, timesteps=[250]))
        latents = inputs(shape) / 2
        case.arrays["decoded"] = decoded(autoencoder, latents)
        case.write()

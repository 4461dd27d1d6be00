"""The models of `npm run bench:peers` in full size with made-up weights, as diffusers writes them, and the networks in PyTorch.

    python3 made.py NAME FOLDER        writes the folder of a pipeline: adm, ddpm or sd15"""

import os
import sys

import torch

# ImageNet-64's ADM, as diffusers has it for consistency models.
ADM = dict(
    sample_size=64,
    block_out_channels=(192, 384, 576, 768),
    layers_per_block=3,
    down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"),
    attention_head_dim=64,
    attn_norm_num_groups=32,
    num_class_embeds=1000,
    resnet_time_scale_shift="scale_shift",
    upsample_type="resnet",
    downsample_type="resnet",
    norm_eps=1e-5,
)
# DDPM's network of CIFAR-10.
DDPM = dict(
    sample_size=32,
    block_out_channels=(128, 256, 256, 256),
    layers_per_block=2,
    down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    attention_head_dim=None,
    downsample_padding=0,
    flip_sin_to_cos=False,
    freq_shift=1,
    norm_eps=1e-6,
)
VAE = dict(
    block_out_channels=(128, 256, 512, 512),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
    latent_channels=4,
    sample_size=512,
)
TEXT = dict(
    hidden_size=768,
    intermediate_size=3072,
    num_hidden_layers=12,
    num_attention_heads=12,
    max_position_embeddings=77,
    projection_dim=768,
)
SD_CHAIN = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, steps_offset=1)


def unconditional(folder, arguments):
    from diffusers import DDIMScheduler, DDPMPipeline, UNet2DModel

    DDPMPipeline(UNet2DModel(**arguments), DDIMScheduler(clip_sample=False)).save_pretrained(folder)


def tokenizer(folder):
    """A tokeniser whose every letter is a token, and what a text encoder is told of its words."""
    sys.path.append(os.path.join(os.path.dirname(__file__), "..", "..", "test", "interop"))
    import alphabet

    made = alphabet.tokenizer(folder, 77)
    count = len(alphabet.vocabulary())
    return made, dict(vocab_size=count, bos_token_id=count - 2, eos_token_id=count - 1)


def stable_diffusion(folder):
    from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    words, ids = tokenizer(f"{folder}-words")
    StableDiffusionPipeline(
        vae=AutoencoderKL(**VAE),
        text_encoder=CLIPTextModel(CLIPTextConfig(**TEXT, **ids)),
        tokenizer=words,
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
        scheduler=DPMSolverMultistepScheduler(**SD_CHAIN, final_sigmas_type="zero"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def ddpmpp(folder):
    from ddpmpp import DDPMpp
    from safetensors.torch import load_file

    network = DDPMpp()
    network.load(load_file(os.path.join(folder, "model.safetensors")))
    return network, lambda network, given: network(given["x"], given["noise"][:, 0])


def adm(folder):
    from diffusers import UNet2DModel

    network = UNet2DModel.from_pretrained(folder, subfolder="unet")
    return network, lambda network, given: network(
        given["x"], given["noise"][:, 0], class_labels=given["labels"].argmax(1)
    ).sample


def unet(folder):
    from diffusers import UNet2DConditionModel

    network = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    return network, lambda network, given: network(
        given["x"], given["noise"][:, 0], encoder_hidden_states=given["context"]
    ).sample


def decoder(folder):
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(folder, subfolder="vae")
    network = torch.nn.Sequential(vae.post_quant_conv, vae.decoder)
    return network, lambda network, given: network(given["latents"])


# Each reads a folder: the module, and how it is asked with inputs by their names.
NETWORKS = {"ddpmpp": ddpmpp, "adm": adm, "unet": unet, "decoder": decoder}

if __name__ == "__main__":
    torch.manual_seed(0)
    name, folder = sys.argv[1:]
    if name == "sd15":
        stable_diffusion(folder)
    else:
        unconditional(folder, {"adm": ADM, "ddpm": DDPM}[name])

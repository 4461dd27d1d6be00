"""UNet2DModel: every configuration key that makes another network, saved by DDPMPipeline."""

import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from common import Case, chain_points, ddpm_bars, made_by, network_of, stirred

BASE = dict(
    sample_size=8,
    in_channels=3,
    out_channels=3,
    block_out_channels=(8, 16),
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    layers_per_block=1,
    norm_num_groups=4,
)
THREE = dict(
    block_out_channels=(8, 16, 16),
    down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    norm_num_groups=4,
    attention_head_dim=4,
)

# Each entry: the arguments over BASE, and where needed what else the case says.
CASES = {
    "defaults": {},
    "act-gelu": dict(act_fn="gelu"),
    "act-mish": dict(act_fn="mish"),
    "act-relu": dict(act_fn="relu"),
    "act-swish": dict(act_fn="swish"),
    "add-attention-false": dict(add_attention=False),
    "attention-everywhere": dict(
        down_block_types=("AttnDownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "AttnUpBlock2D")
    ),
    "attention-asymmetric": dict(
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D")
    ),
    "attention-up-alone": dict(
        down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D")
    ),
    "attention-head-dim-4": dict(attention_head_dim=4),
    "attention-head-dim-null": dict(attention_head_dim=None),
    "centered": dict(center_input_sample=True),
    "channels-falling": dict(block_out_channels=(16, 8)),
    "channels-not-multiple": dict(block_out_channels=(8, 12), attention_head_dim=4),
    "class-embeds": dict(num_class_embeds=5),
    "class-identity": dict(class_embed_type="identity"),
    "class-timestep": dict(class_embed_type="timestep"),
    "downsample-resnet": dict(downsample_type="resnet"),
    "upsample-resnet": dict(upsample_type="resnet"),
    "resample-resnet-both": dict(downsample_type="resnet", upsample_type="resnet"),
    "resnet-resample-blocks": dict(
        down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "ResnetUpsampleBlock2D"),
    ),
    "consistency-imagenet64": dict(
        num_class_embeds=5,
        resnet_time_scale_shift="scale_shift",
        attn_norm_num_groups=4,
        down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "ResnetUpsampleBlock2D"),
        upsample_type="resnet",
        downsample_type="resnet",
        norm_eps=1e-5,
    ),
    "eps-1e-3": dict(norm_eps=1e-3),
    "freq-shift-1": dict(freq_shift=1),
    "freq-shift-half": dict(freq_shift=0.5),
    "sine-first": dict(flip_sin_to_cos=False, freq_shift=1),
    "gray": dict(in_channels=1, out_channels=1),
    "rgba": dict(in_channels=4, out_channels=4),
    "groups-1": dict(norm_num_groups=1),
    "groups-8": dict(norm_num_groups=8),
    "layers-2": dict(layers_per_block=2),
    "learned-variance": dict(out_channels=6),
    "mid-scale": dict(mid_block_scale_factor=1.5),
    "mid-null": dict(mid_block_type=None),
    "no-attention-blocks": dict(
        down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D")
    ),
    "one-level": dict(block_out_channels=(8,), down_block_types=("AttnDownBlock2D",), up_block_types=("AttnUpBlock2D",)),
    "odd-side": dict(sample_size=12),
    "padding-0": dict(downsample_padding=0, attention_head_dim=None, freq_shift=1, flip_sin_to_cos=False, norm_eps=1e-6),
    "sample-size-square-list": dict(sample_size=(8, 8)),
    "sample-size-oblong": dict(sample_size=(8, 16)),
    "sample-size-null": dict(sample_size=None),
    "scale-shift": dict(resnet_time_scale_shift="scale_shift"),
    "scale-shift-groups": dict(resnet_time_scale_shift="scale_shift", attn_norm_num_groups=2),
    "attention-groups": dict(attn_norm_num_groups=2),
    "scale-shift-no-attention": dict(resnet_time_scale_shift="scale_shift", add_attention=False),
    "time-embedding-dim": dict(time_embedding_dim=48),
    "three-levels": THREE,
    "three-levels-resnet": dict(THREE, downsample_type="resnet", upsample_type="resnet", layers_per_block=2),
}
CONDITIONS = {
    "class-embeds": dict(class_labels=torch.tensor([2])),
    "class-identity": dict(class_labels=torch.tensor([2])),
    "class-timestep": dict(class_labels=torch.tensor([3])),
    "consistency-imagenet64": dict(class_labels=torch.tensor([4])),
}
# What is refused, by the keys that the message must name.
REFUSED = {
    "sample-size-null": ["sample_size", "shape"],
    "inpainting": ["in_channels"],
    "skip-blocks": ["down_block_types", "SkipDownBlock2D"],
}


def write(out, versions, wanted):
    for name, over in CASES.items():
        full = f"unet-{name}"
        if not wanted(full):
            continue
        unet = made_by(UNet2DModel, {**BASE, **over}, full)
        if unet is None:
            continue
        case = Case(out, full, family="diffusers", expect="match", **versions)
        DDPMPipeline(unet, DDPMScheduler(clip_sample=False)).save_pretrained(case.path())
        config = unet.config
        side = config.sample_size or 8
        height, width = side if isinstance(side, (list, tuple)) else (side, side)
        shape = (config.in_channels, height, width)
        condition = CONDITIONS.get(name, {})
        if config.sample_size is None:
            case.about["alone"] = ["sample_size", "shape"]
            case.about["options"] = {"shape": list(shape)}
        if "class_labels" in condition:
            case.about["labels"] = condition["class_labels"].tolist()
        case.denoised(shape, chain_points(network_of(unet, **condition), ddpm_bars(), "epsilon", shape))
        case.write()
    refused(out, versions, wanted)
    edited(out, versions, wanted)


def refused(out, versions, wanted):
    made = {
        "inpainting": dict(in_channels=9, out_channels=4),
        "skip-blocks": dict(
            down_block_types=("DownBlock2D", "SkipDownBlock2D"), up_block_types=("SkipUpBlock2D", "UpBlock2D")
        ),
    }
    for name, over in made.items():
        full = f"unet-{name}"
        if not wanted(full):
            continue
        case = Case(out, full, family="diffusers", expect=REFUSED[name], **versions)
        unet = made_by(UNet2DModel, {**BASE, **over}, full, blank=True)
        DDPMPipeline(unet, DDPMScheduler()).save_pretrained(case.path())
        case.write()


def edited(out, versions, wanted):
    """Configurations that people cut or change by hand, whose meaning from_pretrained says."""
    edits = {
        "config-without-head-dim": ({}, lambda config: config.pop("attention_head_dim")),
        "config-without-defaults": (
            {},
            lambda config: [
                config.pop(key)
                for key in list(config)
                if key not in BASE and not key.startswith("_class")
            ],
        ),
        "config-of-2022": (
            dict(attention_head_dim=None),
            lambda config: (config.pop("add_attention", None), config.pop("num_train_timesteps", None), config.pop("dropout", None)),
        ),
        "config-with-unknown-key": ({}, lambda config: config.update(glow_factor=2)),
        "config-with-unknown-null": ({}, lambda config: config.update(glow_factor=None)),
    }
    for name, (over, change) in edits.items():
        full = f"unet-{name}"
        if not wanted(full):
            continue
        unet = stirred(UNet2DModel(**{**BASE, **over}), full)
        case = Case(out, full, family="diffusers", expect="match", **versions)
        DDPMPipeline(unet, DDPMScheduler(clip_sample=False)).save_pretrained(case.path())
        case.edit("unet/config.json", change)
        if name == "config-with-unknown-key":
            case.about["expect"] = ["glow_factor", "2"]
        else:
            read = UNet2DModel.from_pretrained(case.path("unet")).eval()
            bars = ddpm_bars()
            case.denoised((3, 8, 8), chain_points(network_of(read), bars, "epsilon", (3, 8, 8)))
        case.write()

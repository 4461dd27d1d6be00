"""Files of latent-diffusion and stable-diffusion: the real LatentDiffusion, saved as its trainer saves it, with its config.yaml beside it.

COMPVIS names a folder with checkouts of CompVis's latent-diffusion, stable-diffusion and taming-transformers. Their imports of training
code (omegaconf, torchvision's grid, Lightning's old module) are stood in for by empty names; nothing of them runs here.
"""

import importlib
import os
import sys
import types

import numpy as np
import torch
import yaml

from common import PROMPT, Case, chain_points, inputs, stirred

UNET = dict(
    image_size=8,
    in_channels=3,
    out_channels=3,
    model_channels=32,
    attention_resolutions=[2],
    num_res_blocks=1,
    channel_mult=[1, 1],
    num_head_channels=32,
)
CHURCHES = {**UNET, "num_heads": 8, "use_scale_shift_norm": True, "resblock_updown": True, "in_channels": 4, "out_channels": 4}
del CHURCHES["num_head_channels"]


def first_stage(kind, channels):
    config = dict(
        double_z=kind == "kl",
        z_channels=channels,
        resolution=16,
        in_channels=3,
        out_ch=3,
        ch=32,
        ch_mult=[1, 1],
        num_res_blocks=1,
        attn_resolutions=[],
        dropout=0.0,
    )
    loss = dict(target="torch.nn.Identity")
    if kind == "kl":
        params = dict(embed_dim=channels, ddconfig=config, lossconfig=loss)
        return dict(target="ldm.models.autoencoder.AutoencoderKL", params=params)
    params = dict(embed_dim=channels, n_embed=16, ddconfig=config, lossconfig=loss)
    return dict(target="ldm.models.autoencoder.VQModelInterface", params=params)


def latent(unet, stage, **over):
    return {
        **dict(
            linear_start=0.0015,
            linear_end=0.0195,
            num_timesteps_cond=1,
            log_every_t=200,
            timesteps=1000,
            first_stage_key="image",
            cond_stage_key="image",
            image_size=8,
            channels=unet["in_channels"],
            cond_stage_trainable=False,
            concat_mode=False,
            unet_config=dict(target="ldm.modules.diffusionmodules.openaimodel.UNetModel", params=unet),
            first_stage_config=stage,
            cond_stage_config="__is_unconditional__",
        ),
        **over,
    }


BEDROOM = latent(UNET, first_stage("vq", 3))
PLAIN = dict(BEDROOM, use_ema=False)
CASES = {
    "ldm-vq": (BEDROOM, {}),
    "ldm-vq-no-ema": (PLAIN, {}),
    "ldm-churches": (latent(CHURCHES, first_stage("kl", 4), linear_end=0.0155, scale_by_std=True), {}),
    "ldm-heads-2": (latent({k: v for k, v in UNET.items() if k != "num_head_channels"} | {"num_heads": 2}, first_stage("vq", 3), use_ema=False), {}),
    "ldm-x0": (dict(PLAIN, parameterization="x0"), {}),
    "ldm-half": (PLAIN, dict(half=True)),
    "ldm-cosine": (dict(PLAIN, beta_schedule="cosine"), {}),
    "ldm-without-config": (PLAIN, dict(config=False)),
    "ldm-churches-without-config": (
        latent(CHURCHES, first_stage("kl", 4), linear_end=0.0155, scale_by_std=True, use_ema=False),
        dict(config=False),
    ),
}


def stand_ins():
    from pytorch_lightning.utilities import rank_zero_only

    made = {
        "pytorch_lightning.utilities.distributed": dict(rank_zero_only=rank_zero_only),
        "torchvision": {},
        "torchvision.utils": dict(make_grid=None),
        "omegaconf": dict(ListConfig=list, OmegaConf=None),
        "omegaconf.listconfig": dict(ListConfig=tuple),
    }
    for name, values in made.items():
        if name not in sys.modules:
            module = types.ModuleType(name)
            module.__dict__.update(values)
            sys.modules[name] = module


def code(compvis, repository):
    """ldm of one repository; that of another is forgotten."""
    for name in [name for name in sys.modules if name == "ldm" or name.startswith("ldm.")]:
        del sys.modules[name]
    sys.path[:] = [path for path in sys.path if not path.startswith(compvis)]
    sys.path.insert(0, os.path.join(compvis, "taming-transformers"))
    sys.path.insert(0, os.path.join(compvis, repository))
    return importlib.import_module("ldm.models.diffusion.ddpm").LatentDiffusion


def averaged(model, name):
    """Gives the averaged weights values of their own."""
    if not model.use_ema:
        return
    names = {stored: key for key, stored in model.model_ema.m_name2s_name.items()}
    for stored, buffer in model.model_ema.named_buffers():
        if stored in names:
            other = dict(model.model.named_parameters())[names[stored]]
            buffer.copy_(other.flip(0))


def write(out, versions, wanted):
    compvis = os.environ.get("COMPVIS")
    if compvis is None:
        print("COMPVIS names no checkouts: CompVis's cases are left out")
        return
    stand_ins()
    if any(wanted(name) for name in CASES):
        LatentDiffusion = code(compvis, "latent-diffusion")
        for name, (params, about) in CASES.items():
            if wanted(name):
                one(out, versions, name, LatentDiffusion, params, **about)
    if any(wanted(name) for name in ["sd1", "sd1-without-config"]):
        LatentDiffusion = code(compvis, "stable-diffusion")
        for name, config in [("sd1", True), ("sd1-without-config", False)]:
            if wanted(name):
                stable(out, versions, name, LatentDiffusion, config)


def one(out, versions, name, LatentDiffusion, params, half=False, config=True):
    expect = "match" if config else ["config.yaml"]
    case = Case(out, name, family="compvis", expect=expect, file="model.ckpt", **versions)
    os.makedirs(case.path())
    model = LatentDiffusion(**params)
    if config:
        stirred(model, name)
    else:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
    if params.get("scale_by_std"):
        model.scale_factor = torch.tensor(0.75)
    averaged(model, name)
    if half:
        model.half()
    torch.save(dict(state_dict=model.state_dict(), global_step=1), case.path("model.ckpt"))
    if half:
        model.float()
    if config:
        with open(case.path("config.yaml"), "w") as f:
            yaml.safe_dump(dict(model=dict(target="ldm.models.diffusion.ddpm.LatentDiffusion", params=params)), f)
        expect_of(case, model, params, {})
    case.write()


def expect_of(case, model, params, condition, bars=None):
    shape = (params["channels"], 8, 8)
    if bars is None:
        # The chain in double precision: what is stored may be rounded.
        betas = importlib.import_module("ldm.modules.diffusionmodules.util").make_beta_schedule(
            params.get("beta_schedule", "linear"), 1000, params["linear_start"], params["linear_end"]
        )
        bars = np.cumprod(1 - betas)
    prediction = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}[params.get("parameterization", "eps")]

    def network(u, t):
        with torch.no_grad(), model.ema_scope():
            return model.model.diffusion_model(torch.from_numpy(u)[None], torch.tensor([t]), **condition)[0].numpy()

    case.denoised(shape, chain_points(network, bars, prediction, shape))
    with torch.no_grad():
        latents = torch.from_numpy(inputs(shape) / 2)[None]
        case.arrays["decoded"] = model.decode_first_stage(latents)[0].numpy()


def stable(out, versions, name, LatentDiffusion, config):
    from conditional import TOKENS, encoded, text_encoder, tokenizer

    case = Case(
        out,
        name,
        family="compvis",
        expect="match" if config else ["config.yaml"],
        file="model.ckpt",
        prompt=PROMPT,
        **versions,
    )
    words = tokenizer(case.path("tokenizer"))
    words.save_pretrained(case.path("tokenizer"))
    text = text_encoder(name, hidden_size=64, num_attention_heads=1, num_hidden_layers=1, intermediate_size=64)
    unet = dict(
        image_size=8,
        in_channels=4,
        out_channels=4,
        model_channels=32,
        attention_resolutions=[2, 1],
        num_res_blocks=1,
        channel_mult=[1, 1],
        num_heads=8,
        use_spatial_transformer=True,
        transformer_depth=1,
        context_dim=64,
        use_checkpoint=False,
        legacy=False,
    )
    params = latent(
        unet,
        first_stage("kl", 4),
        linear_start=0.00085,
        linear_end=0.012,
        conditioning_key="crossattn",
        scale_factor=0.18215,
        use_ema=False,
    )
    model = stirred(LatentDiffusion(**params), name)
    ids, context = encoded(text, words, PROMPT)
    case.about["ids"] = ids[0].tolist()
    # FrozenCLIPEmbedder's names in the files that were published, whatever transformers calls them today.
    state = dict(model.state_dict())
    for key, value in text.state_dict().items():
        plain = key.removeprefix("text_model.")
        state[f"cond_stage_model.transformer.text_model.{plain}"] = value
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(TOKENS)[None]
    torch.save(dict(state_dict=state), case.path("model.ckpt"))
    if config:
        embedder = dict(target="ldm.modules.encoders.modules.FrozenCLIPEmbedder")
        written = dict(params, cond_stage_config=embedder)
        with open(case.path("config.yaml"), "w") as f:
            yaml.safe_dump(dict(model=dict(target="ldm.models.diffusion.ddpm.LatentDiffusion", params=written)), f)
    expect_of(case, model, params, dict(context=context))
    case.write()

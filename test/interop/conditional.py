"""UNet2DConditionModel with CLIP's text encoder and tokeniser, saved by StableDiffusionPipeline."""

import os

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

import alphabet
from autoencoders import kl
from common import PROMPT, Case, chain_points, made_by, network_of, stirred
from schedulers import bars_of

BASE = dict(
    sample_size=8,
    in_channels=4,
    out_channels=4,
    block_out_channels=(8, 16),
    down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    layers_per_block=1,
    norm_num_groups=4,
    cross_attention_dim=16,
    attention_head_dim=2,
)
BOTH = dict(
    down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
)
CASES = {
    "sd15": {},
    "act-gelu": dict(act_fn="gelu"),
    "centered": dict(center_input_sample=True),
    "class-conditional": dict(num_class_embeds=5),
    "class-concat": dict(num_class_embeds=5, class_embeddings_concat=True),
    "class-timestep": dict(class_embed_type="timestep"),
    "conv-kernels-1": dict(conv_in_kernel=1, conv_out_kernel=1),
    "cross-dim-list": dict(BOTH, cross_attention_dim=(16, 16)),
    "depth-2": dict(transformer_layers_per_block=2),
    "depth-list": dict(BOTH, transformer_layers_per_block=(1, 2)),
    "depth-list-equal": dict(BOTH, transformer_layers_per_block=(1, 1)),
    "encoder-hidden": dict(encoder_hid_dim=16, encoder_hid_dim_type="text_proj"),
    "eps-1e-3": dict(norm_eps=1e-3),
    "freq-shift-1-sine": dict(freq_shift=1, flip_sin_to_cos=False),
    "heads-4": dict(attention_head_dim=4),
    "heads-list": dict(BOTH, attention_head_dim=(2, 4)),
    "heads-list-equal": dict(BOTH, attention_head_dim=(4, 4)),
    "heads-list-reversed": dict(BOTH, attention_head_dim=(4, 2)),
    "heads-3-levels": dict(
        block_out_channels=(8, 8, 16),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=(1, 2, 4),
    ),
    "layers-list": dict(layers_per_block=(1, 2)),
    "linear-projection": dict(use_linear_projection=True),
    "mid-null": dict(mid_block_type=None),
    "mid-plain": dict(mid_block_type="UNetMidBlock2D"),
    "mid-scale": dict(mid_block_scale_factor=1.5),
    "only-cross": dict(only_cross_attention=True),
    "only-cross-list": dict(BOTH, only_cross_attention=(True, False)),
    "only-cross-list-false": dict(BOTH, only_cross_attention=(False, False)),
    "out-scale": dict(resnet_out_scale_factor=1.4),
    "padding-0": dict(downsample_padding=0),
    "sample-size-list": dict(sample_size=(8, 16)),
    "scale-shift": dict(resnet_time_scale_shift="scale_shift"),
    "self-attention-blocks": dict(
        down_block_types=("AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D")
    ),
    "skip-time-act": dict(resnet_skip_time_act=True),
    "time-act": dict(time_embedding_act_fn="silu"),
    "time-dim": dict(time_embedding_dim=48),
    "timestep-post-act": dict(timestep_post_act="silu"),
    "upcast": dict(upcast_attention=True),
    "sd2": dict(BOTH, attention_head_dim=(2, 4), use_linear_projection=True),
    "no-transformer-in-two": dict(
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")
    ),
}
# Those whose key is refused where it is not built; the message names all of the words.
REFUSED = {
    "inpainting": (dict(in_channels=9), ["in_channels", "9"]),
    "gated": (dict(attention_type="gated"), ["attention_type", "gated"]),
    "dual-cross": (dict(dual_cross_attention=True), ["dual_cross_attention"]),
    "text-time": (
        dict(
            addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=40
        ),
        ["addition_embed_type", "text_time"],
    ),
    "time-condition": (dict(time_cond_proj_dim=8), ["time_cond_proj_dim", "8"]),
    "class-projection": (
        dict(class_embed_type="projection", projection_class_embeddings_input_dim=8),
        ["class_embed_type", "projection"],
    ),
    "simple-cross": (
        dict(
            down_block_types=("SimpleCrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "SimpleCrossAttnUpBlock2D"),
            mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        ),
        ["SimpleCrossAttn"],
    ),
}
CONDITIONS = {
    "class-conditional": [2],
    "class-concat": [2],
    "class-timestep": [3],
}
TOKENS = 12
MERGES = ["t h", "th e</w>", "c a", "ca t</w>", "d o", "do g</w>", "a n", "an d</w>"]


def vocabulary():
    """Real tokens of a small vocabulary, and the merges that make them of letters."""
    return alphabet.vocabulary(MERGES), MERGES


def tokenizer(folder):
    return alphabet.tokenizer(folder, TOKENS, MERGES)


def text_encoder(name, **over):
    words, _ = vocabulary()
    config = CLIPTextConfig(
        **{
            **dict(
                vocab_size=len(words),
                hidden_size=16,
                intermediate_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                max_position_embeddings=TOKENS,
                bos_token_id=words["<|startoftext|>"],
                eos_token_id=words["<|endoftext|>"],
                pad_token_id=1,
            ),
            **over,
        }
    )
    return stirred(CLIPTextModel(config), name)


def encoded(text, words, prompt):
    ids = words(
        prompt, padding="max_length", max_length=words.model_max_length, truncation=True, return_tensors="pt"
    ).input_ids
    with torch.no_grad():
        return ids, text(ids)[0]


def pipeline(case, unet, scheduler, text, words, vae=None):
    StableDiffusionPipeline(
        vae=vae if vae is not None else kl("vae-of-pipelines"),
        text_encoder=text,
        tokenizer=words,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(case.path())


SD_CHAIN = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False)


def write(out, versions, wanted):
    scratch = os.path.join(out, ".tokenizer")
    words = tokenizer(scratch)

    def full_case(full, over, text_over=None, prompt=PROMPT, classes=None, expect="match", scheduler=None, change=None):
        unet = made_by(UNet2DConditionModel, {**BASE, **over}, full, blank=expect != "match")
        if unet is None:
            return None
        case = Case(out, full, family="diffusers", expect=expect, prompt=prompt, **versions)
        text = text_encoder(full, **(text_over or {}))
        chain = scheduler or DDIMScheduler(**SD_CHAIN)
        try:
            pipeline(case, unet, chain, text, words)
        except TypeError as error:
            return case.dropped(error)
        if change is not None:
            change(case)
        if expect != "match":
            case.write()
            return case
        ids, context = encoded(text, words, prompt)
        case.about["ids"] = ids[0].tolist()
        case.arrays["context"] = context.numpy()
        condition = dict(encoder_hidden_states=context)
        if classes:
            case.about["labels"] = classes
            condition["class_labels"] = torch.tensor(classes)
        side = unet.config.sample_size
        height, width = side if isinstance(side, (list, tuple)) else (side, side)
        shape = (unet.config.in_channels, height, width)
        bars = bars_of(chain)
        prediction = chain.config.prediction_type
        case.denoised(shape, chain_points(network_of(unet, **condition), bars, prediction, shape))
        case.write()
        return case

    for name, over in CASES.items():
        full = f"conditional-{name}"
        if wanted(full):
            full_case(full, over, classes=CONDITIONS.get(name))
    for name, (over, expect) in REFUSED.items():
        full = f"conditional-{name}"
        if wanted(full):
            full_case(full, over, expect=expect)
    texts = {
        "eps-1e-2": dict(layer_norm_eps=1e-2),
        "gelu": dict(hidden_act="gelu"),
        "heads-4": dict(num_attention_heads=4),
        "layers-1": dict(num_hidden_layers=1),
        "projection": dict(projection_dim=8),
    }
    for name, over in texts.items():
        full = f"text-{name}"
        if wanted(full):
            full_case(full, {}, text_over=over)
    if wanted("text-relu"):
        full_case("text-relu", {}, text_over=dict(hidden_act="relu"), expect=["hidden_act", "relu"])
    prompts = {
        "empty": "",
        "long": "the cat and the dog and a cat and a dog in the dog and cat",
        "odd": "Thé CAT, & the dog's  <|endoftext|> 猫 …",
    }
    for name, prompt in prompts.items():
        full = f"prompt-{name}"
        if wanted(full):
            full_case(full, {}, prompt=prompt)
    if wanted("conditional-v-prediction"):
        full_case(
            "conditional-v-prediction", {}, scheduler=DDIMScheduler(**SD_CHAIN, prediction_type="v_prediction")
        )

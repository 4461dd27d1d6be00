"""Puts back what older versions of diffusers import from huggingface_hub and transformers, and today's have no more."""

import huggingface_hub
import transformers.utils

if not hasattr(huggingface_hub, "cached_download"):
    huggingface_hub.cached_download = huggingface_hub.hf_hub_download
if not hasattr(transformers.utils, "FLAX_WEIGHTS_NAME"):
    transformers.utils.FLAX_WEIGHTS_NAME = "flax_model.msgpack"

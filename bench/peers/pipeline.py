"""A whole pipeline of diffusers, from latents to images on disk, for timing beside `epd-run`. Prints what it took as JSON.

    python3 pipeline.py --folder FOLDER --kind ddim|sd --steps N --seeds 0,1 --out FOLDER [--prompt TEXT --scale S] [--threads N]"""

import json
import os
import time

begun = time.perf_counter()

import torch

import common

if __name__ == "__main__":
    given = common.arguments(
        __doc__, "--folder", "--kind", "--steps", "--seeds", "--out", "--prompt", "--scale"
    )
    from diffusers import DDIMPipeline, StableDiffusionPipeline, __version__

    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    pipeline = (DDIMPipeline if given.kind == "ddim" else StableDiffusionPipeline).from_pretrained(given.folder)
    pipeline.set_progress_bar_config(disable=True)
    seeds, steps = [int(seed) for seed in given.seeds.split(",")], int(given.steps)
    os.makedirs(given.out, exist_ok=True)
    loaded = time.perf_counter()
    noise = [torch.Generator().manual_seed(seed) for seed in seeds]
    if given.kind == "ddim":
        images = pipeline(batch_size=len(seeds), generator=noise, num_inference_steps=steps, eta=0.0).images
    else:
        prompts = [given.prompt] * len(seeds)
        images = pipeline(
            prompts, generator=noise, num_inference_steps=steps, guidance_scale=float(given.scale)
        ).images
    for seed, image in zip(seeds, images):
        image.save(os.path.join(given.out, f"{seed:06d}.png"))
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - loaded,
                "loading": loaded - begun,
                "peak": common.peak(),
                "timesteps": [int(t) for t in pipeline.scheduler.timesteps],
                "version": f"diffusers {__version__}, PyTorch {torch.__version__}",
            }
        )
    )

"""Makes a Python function or a diffusers pipeline a model of epd-run, in three lines:

    from epd_run import serve
    pipeline = DDPMPipeline.from_pretrained("google/ddpm-cifar10-32")
    serve(pipeline)

    # model: { command: [python3, mine.py], version: '1' }

epd-run puts this file on the path of the programs that it starts. What the program prints goes to standard error, since its standard output
belongs to the protocol (docs/command.md). Needs NumPy, or PyTorch with it; nothing else.
"""

import json
import math
import os
import select
import struct
import sys
import threading

import numpy

GREETING = 0x7FE00002
CLASSES, PROMPTS, DECODE = 1, 2, 4


def serve(model, shape=None, *, predicts="x0", noise=None, labels=0, prompts=False, nfe=1, decode=None, **options):
    """Answers what epd-run asks until it asks no more.

    model: a function of x [batch, *shape] and sigma [batch], to which labels=[batch] and prompts=[...] are added where those options say so;
        or a pipeline of diffusers, which then says all the rest itself (see `of_pipeline` for its options). Arrays are PyTorch's where
        PyTorch is loaded, and NumPy's otherwise; the answer may be either.
    shape: (channels, height, width) of a sample.
    predicts, noise: what the function answers, and what it is given: by default the clean image expected behind x = x0 + sigma n. docs/command.md
        tells of the others, such as predicts="epsilon", noise={"type": "steps", "alphaBars": [...]}.
    labels: number of classes. prompts: whether the function reads prompts. nfe: network evaluations behind one call.
    decode: a function that makes images, -1 to 1, of samples that are latents.
    """
    if not callable(model) or hasattr(model, "scheduler"):
        described = of_pipeline(model, **options)
    elif options:
        raise TypeError(f"serve() knows no option {sorted(options)[0]!r} for a function")
    elif shape is None:
        raise TypeError("serve() needs the shape of a sample, such as serve(denoise, (3, 32, 32))")
    else:
        noise = noise or {"type": "sigma", "sigmaMin": 0.002, "sigmaMax": 80}
        described = dict(
            call=model, shape=shape, predicts=predicts, noise=noise, labels=labels, prompts=prompts, nfe=nfe, decode=decode
        )
    requests, answers = take_streams()
    answer_all(requests, answers, **described)


def take_streams():
    """The protocol's two streams; whatever is printed from now on goes to standard error, from C code too."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return watched(sys.stdin.buffer), answers


def watched(stream):
    """The requests of a stream. Once it is closed this process ends, whatever it computes: nobody waits for its answers."""
    if hasattr(select, "poll"):
        closed = select.poll()
        closed.register(stream.fileno(), 0)  # a hang-up is always told of
        requests, wait = stream, closed.poll
    else:  # Windows tells of the end of a pipe only to who reads it
        end, start = os.pipe()
        requests, wait = os.fdopen(end, "rb"), lambda: pass_on(stream.fileno(), start)

    def watch():
        wait()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    return requests


def pass_on(source, target):
    """Writes what comes from one file descriptor to another, until it ends."""
    while data := os.read(source, 1 << 16):
        while data:
            data = data[os.write(target, data) :]


def answer_all(requests, answers, *, call, shape, predicts, noise, labels, prompts, nfe, decode):
    shape = tuple(int(n) for n in shape)
    said = dict(protocol=2, shape=shape, predicts=predicts, noise=noise, labels=labels, prompts=prompts, nfe=nfe)
    if decode is not None:
        said["decodes"] = shape_of(decode(array(numpy.zeros((1, *shape), numpy.float32))))
    greeting = json.dumps(said).encode()
    answers.write(struct.pack("<II", GREETING, len(greeting)) + greeting)
    answers.flush()
    while len(head := requests.read(8)) == 8:
        batch, flags = struct.unpack("<II", head)
        told = None if flags & DECODE else read(requests, numpy.float32, batch)
        x = array(read(requests, numpy.float32, batch * math.prod(shape)).reshape(batch, *shape))
        condition = {}
        if flags & CLASSES:
            condition["labels"] = array(read(requests, numpy.int32, batch).astype(numpy.int64))
        if flags & PROMPTS:
            (length,) = struct.unpack("<I", requests.read(4))
            condition["prompts"] = json.loads(requests.read(length))
        answer = decode(x) if told is None else call(x, array(told), **condition)
        expected = (batch, *said["decodes"]) if told is None else (batch, *shape)
        values = numbers(answer)
        if values.shape != expected:
            raise ValueError(f"the model answered numbers of shape {list(values.shape)}, and {list(expected)} are needed")
        answers.write(values.tobytes())
        answers.flush()


def read(stream, dtype, count):
    data = stream.read(4 * count)
    if len(data) < 4 * count:
        sys.exit(0)
    return numpy.frombuffer(bytearray(data), dtype=numpy.dtype(dtype).newbyteorder("<")).astype(dtype)


def array(values):
    """As PyTorch's where that is loaded; on the pipeline's own device in of_pipeline."""
    torch = sys.modules.get("torch")
    return values if torch is None else torch.from_numpy(values)


def numbers(answer):
    """float32 in C order, little-endian, of NumPy's or PyTorch's."""
    if hasattr(answer, "detach"):
        answer = answer.detach().float().cpu().numpy()
    return numpy.ascontiguousarray(answer, dtype="<f4")


def shape_of(batch):
    return [int(n) for n in batch.shape[1:]]


def of_pipeline(pipeline, *, guidance=None, negative="", size=None):
    """What a pipeline of diffusers is as a model: its network without its scheduler's steps.

    guidance: scale of classifier-free guidance (1 or None: none); negative: the prompt that it leads away from.
    size: (height, width) of the network's samples where their config does not say it.
    """
    import torch

    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    kind = type(network).__name__
    if kind not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise TypeError(f"serve() reads no {kind} of a {type(pipeline).__name__}; known are {known}: give a function instead")
    config = network.config
    side = size or config.sample_size
    if side is None:
        raise TypeError("the network's config has no sample_size: give serve(pipeline, size=(height, width))")
    height, width = side if isinstance(side, (list, tuple)) else (side, side)
    channels = config.in_channels
    predicts, noise = noise_of(pipeline.scheduler)
    parts = dict(network=network, channels=channels, guidance=guidance, negative=negative)
    ask, reads_labels, reads_prompts = NETWORKS[kind](pipeline, **parts)
    guided = reads_prompts and guidance not in (None, 1)
    if guidance not in (None, 1) and not reads_prompts:
        raise TypeError(f"a {type(pipeline).__name__} reads no prompts, so that it has no guidance")

    def call(x, told, labels=None, prompts=None):
        with torch.no_grad():
            x, told = x.to(network.device, network.dtype), told.to(network.device)
            return ask(x, told, labels=labels, prompts=prompts)[:, :channels]

    return dict(
        call=call,
        shape=(channels, height, width),
        predicts=predicts,
        noise=noise,
        labels=int(config.num_class_embeds or 0) if reads_labels else 0,
        prompts=reads_prompts,
        nfe=2 if guided else 1,
        decode=decoder_of(pipeline),
    )


def noise_of(scheduler):
    """predicts and noise of docs/command.md, of a scheduler whose meaning is certain."""
    name, config = type(scheduler).__name__, scheduler.config
    if name.startswith("FlowMatch"):
        return "flow", {"type": "flow", "times": config.num_train_timesteps}
    if getattr(scheduler, "alphas_cumprod", None) is None or config.get("timestep_type", "discrete") != "discrete":
        raise TypeError(f"serve() does not know the noise of a {name}: give a function with predicts and noise instead")
    prediction = config.get("prediction_type", "epsilon")
    predicts = {"epsilon": "epsilon", "v_prediction": "v", "sample": "x0"}.get(prediction)
    if predicts is None:
        raise TypeError(f"serve() does not know the prediction_type {prediction!r} of a {name}")
    bars = [float(bar) for bar in scheduler.alphas_cumprod.double()]
    return predicts, {"type": "steps", "alphaBars": bars, "between": "log-sigma"}


def decoder_of(pipeline):
    """A function that makes images of latents by the pipeline's autoencoder; None where samples are images."""
    import torch

    vae = getattr(pipeline, "vae", None) or getattr(pipeline, "vqvae", None)
    if vae is None:
        return None
    scale, shift = vae.config.scaling_factor, getattr(vae.config, "shift_factor", None) or 0

    def decode(x):
        with torch.no_grad():
            return vae.decode(x.to(vae.device, vae.dtype) / scale + shift).sample

    return decode


def unconditional(pipeline, *, network, **_):
    labelled = bool(network.config.num_class_embeds)

    def ask(x, told, labels=None, prompts=None):
        return network(x, told, class_labels=labels.to(x.device)).sample if labelled else network(x, told).sample

    return ask, labelled, False


def prompted(encode):
    """A network that looks at what `encode` makes of prompts, with classifier-free guidance by a second evaluation."""

    def build(pipeline, *, network, guidance, negative, **_):
        kept = {}

        def context(prompts):
            missing = [prompt for prompt in dict.fromkeys(prompts) if prompt not in kept]
            for prompt in missing:
                kept[prompt] = encode(pipeline, prompt)
            return {key: cat([kept[prompt][key] for prompt in prompts]) for key in kept[prompts[0]]}

        def ask(x, told, labels=None, prompts=None):
            wanted = network(x, timestep=told, **context(prompts)).sample
            if guidance in (None, 1):
                return wanted
            unwanted = network(x, timestep=told, **context([negative] * len(prompts))).sample
            return unwanted + guidance * (wanted - unwanted)

        return ask, False, True

    return build


def cat(parts):
    import torch

    return torch.cat(parts)


def clip_context(pipeline, prompt):
    context, _ = pipeline.encode_prompt(prompt, pipeline.device, 1, False)
    return {"encoder_hidden_states": context}


def sd3_context(pipeline, prompt):
    context, _, pooled, _ = pipeline.encode_prompt(prompt, None, None, do_classifier_free_guidance=False)
    return {"encoder_hidden_states": context, "pooled_projections": pooled}


NETWORKS = {
    "UNet2DModel": unconditional,
    "UNet2DConditionModel": prompted(clip_context),
    "SD3Transformer2DModel": prompted(sd3_context),
}

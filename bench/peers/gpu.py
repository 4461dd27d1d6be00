"""What `npm run bench:gpu` asks of PyTorch on a GPU: one question as JSON on stdin, one answer as JSON on stdout.

    {"network": {"batches": [1, 8]}}      milliseconds an image of CIFAR-10's DDPM++ by precision
    {"random": {"seeds": [0], "shape": [3, 16, 16]}}   torch.randn and torch.randint(10) of each seed's generator

With --serve the network is a program that epd-run evaluates."""

import json
import os
import statistics
import sys

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def network():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import ddpmpp

    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    torch.set_default_device(DEVICE)
    return ddpmpp.DDPMpp().eval()


def milliseconds(run):
    times = []
    for _ in range(8):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times[2:])


def timed(batches):
    if DEVICE == "cpu":
        raise SystemExit("PyTorch shows no GPU here")
    model, found = network(), {}
    for name, tf32, dtype in [
        ("float32", False, torch.float32),
        ("float32 with TF32", True, torch.float32),
        ("float16", True, torch.float16),
    ]:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
        for batch in batches:
            x, noise = torch.randn(batch, 3, 32, 32), torch.zeros(batch)
            with torch.autocast(DEVICE, dtype=dtype, enabled=dtype != torch.float32):
                found[f"{name}, batch {batch}"] = milliseconds(lambda: model(x, noise)) / batch
    return found


def random(seeds, shape):
    numbers, labels = [], []
    for seed in seeds:
        generator = torch.Generator(DEVICE).manual_seed(seed)
        numbers.append(torch.randn(shape, generator=generator, device=DEVICE).flatten().tolist())
        labels.append(torch.randint(10, (1,), generator=generator, device=DEVICE).item())
    return {"device": DEVICE, "numbers": numbers, "labels": labels}


def served():
    from epd_run import serve

    model = network()

    def denoise(x, sigma):
        x, sigma = x.to(DEVICE), sigma.to(DEVICE)
        shape = (-1, 1, 1, 1)
        skip = (0.25 / (sigma**2 + 0.25)).reshape(shape)
        out = (0.5 * sigma / (sigma**2 + 0.25).sqrt()).reshape(shape)
        inner = (1 / (0.25 + sigma**2).sqrt()).reshape(shape)
        return (skip * x + out * model(inner * x, sigma.log() / 4)).cpu()

    serve(denoise, (3, 32, 32))


if __name__ == "__main__":
    if "--serve" in sys.argv:
        served()
    else:
        question = json.load(sys.stdin)
        answer = timed(**question["network"]) if "network" in question else random(**question["random"])
        print(json.dumps(answer))

"""An embedded model in PyTorch, as a program that epd-run evaluates (docs/command.md).

    python3 program.py --serve MODEL ADDRESS   loads the network of models/MODEL once, on the GPU where there is one, and answers at
                                               a Unix socket
    python3 program.py ADDRESS...              passes on what epd-run asks to one such server, chosen by chance

Each worker of epd-run starts a program of its own. The second form starts in milliseconds, so that many workers share one
network, and one context of the GPU. Products are computed in float32: TF32 is off. A request is answered apart from all others,
in batches padded to fixed sizes, so that its answer does not depend on what else is asked.
"""

import json
import os
import random
import socket
import sys
import threading

SIZES = (64, 128, 256, 512)
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MODELS = os.path.join(ROOT, "models")


def relay(addresses):
    """Passes standard input to a server and its answers to standard output, until either ends."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(random.choice(addresses))

    def answers():
        while data := connection.recv(1 << 20):
            write_all(1, data)
        os._exit(0)

    threading.Thread(target=answers, daemon=True).start()
    while data := os.read(0, 1 << 20):
        connection.sendall(data)
    os._exit(0)


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def serve(model, address):
    sys.path.insert(0, os.path.join(ROOT, "python"))
    with open(os.path.join(MODELS, model, "config.json")) as file:
        config = json.load(file)["init_kwargs"]
    answer = answering(model, config)
    lock = threading.Lock()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(128)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection, config, answer, lock), daemon=True).start()


def converse(connection, config, answer, lock):
    from epd_run import answer_all

    def call(x, sigma, labels=None):
        with lock:
            return answer(x, sigma, labels)

    noise = {"type": "sigma", "sigmaMin": config["sigma_min"], "sigmaMax": config["sigma_max"]}
    with connection, connection.makefile("rb") as requests, connection.makefile("wb") as answers:
        said = dict(shape=shape_of(config), predicts="x0", noise=noise, labels=config["label_dim"], prompts=False, nfe=1, decode=None)
        answer_all(requests, answers, call=call, **said)


def shape_of(config):
    return (config["img_channels"], config["img_resolution"], config["img_resolution"])


def answering(model, config):
    """The function of x, sigma and labels (-1 or None: none) that computes D(x; sigma) batch by batch."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    computed = torch.no_grad()(denoiser(torch, model, config, device))
    batches = {size: Batch(torch, computed, (size, *shape_of(config)), device) for size in SIZES}

    def answer(x, sigma, labels):
        labels = torch.full((len(x),), -1) if labels is None else labels
        parts = zip(x.split(SIZES[-1]), sigma.split(SIZES[-1]), labels.split(SIZES[-1]))
        return torch.cat([batches[next(size for size in SIZES if size >= len(part[0]))].run(*part) for part in parts])

    return answer


def denoiser(torch, model, config, device):
    """D(x; sigma) of tensors on the device, by the network that both embedded models are instances of."""
    from safetensors.torch import load_file

    sys.path.insert(0, os.path.join(MODELS, "fashion28"))
    import train

    classes, (attended,) = config["label_dim"], config["attn_resolutions"]
    network = train.Network(config["img_resolution"], config["img_channels"], classes, attended)
    weights = load_file(os.path.join(MODELS, model, f"{model}.safetensors"))
    # The filter [1, 1] halves by means and doubles by repeating, as the network does.
    learned = {name: value for name, value in weights.items() if not name.endswith("resample_filter")}
    network.load_state_dict({name.removeprefix("model."): value for name, value in learned.items()})
    network.to(device).eval()

    def computed(x, sigma, labels):
        known = (labels >= 0).unsqueeze(1)
        chosen = torch.nn.functional.one_hot(labels.clamp(min=0), classes).float() * known if classes else None
        return train.denoised(network, x, sigma, chosen)

    return computed


class Batch:
    """The network at one size of batch; on a GPU its kernels are recorded once, and started together."""

    def __init__(self, torch, computed, shape, device):
        self.torch, self.computed, self.device = torch, computed, device
        self.x = torch.zeros(shape, device=device)
        self.sigma = torch.ones(shape[0], device=device)
        self.labels = torch.full((shape[0],), -1, dtype=torch.int64, device=device)
        self.graph = None
        if device.type == "cuda":
            self.record()

    def record(self):
        side = self.torch.cuda.Stream()
        with self.torch.cuda.stream(side):
            for _ in range(3):
                self.computed(self.x, self.sigma, self.labels)
        self.torch.cuda.synchronize()
        self.graph = self.torch.cuda.CUDAGraph()
        with self.torch.cuda.graph(self.graph):
            self.answer = self.computed(self.x, self.sigma, self.labels)

    def run(self, x, sigma, labels):
        count = len(x)
        for held, given in ((self.x, x), (self.sigma, sigma), (self.labels, labels)):
            held[:count].copy_(given)
        if self.graph is None:
            self.answer = self.computed(self.x, self.sigma, self.labels)
        else:
            self.graph.replay()
        return self.answer[:count].cpu()


if __name__ == "__main__":
    serve(*sys.argv[2:4]) if sys.argv[1] == "--serve" else relay(sys.argv[1:])

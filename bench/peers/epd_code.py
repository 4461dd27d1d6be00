"""EPD as its authors' PyTorch code does it, on the embedded model shapes16 and the processor: trajectories and
distillation by their train.py's loop, samples by their sample.py. Prints what it took as JSON.

    python3 epd_code.py --out FOLDER --trajectories N --samples N [--threads N]

EPD names a checkout of their repository in which train.py is (commit 94c00d0; later ones have EPD-Solver++ alone). The settings
are those of their launch.sh for CIFAR-10 at 5 NFE. Their code wants GPUs, a process for each, and a download. Here it is one process
without CUDA, and the last step's loss compares pixels, not Inception's features, whose weights lie on a server."""

import contextlib
import glob
import importlib
import json
import os
import sys
import time
import types

import torch

import common

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MODEL = "shapes16"
BATCH = 128


class Counted(torch.nn.Module):
    """The model as their solvers call it. Evaluations are counted apart where gradients are kept."""

    def __init__(self):
        super().__init__()
        sys.path.insert(0, os.path.join(BENCH, "embedded"))
        import program

        with open(os.path.join(program.MODELS, MODEL, "config.json")) as file:
            config = json.load(file)["init_kwargs"]
        self.denoised = program.denoiser(torch, MODEL, config, torch.device("cpu"))
        self.img_channels, self.img_resolution, self.label_dim = config["img_channels"], config["img_resolution"], 0
        self.sigma_min, self.sigma_max = config["sigma_min"], config["sigma_max"]
        # Their solvers watch a layer of EDM's networks, and use nothing of what it answers.
        self.model = types.SimpleNamespace(enc={"8x8_block3": torch.nn.Identity()})
        self.evaluations = {"apart": 0, "with gradients": 0}

    def forward(self, x, sigma, class_labels=None):
        self.evaluations["with gradients" if torch.is_grad_enabled() else "apart"] += len(x)
        return self.denoised(x, sigma.reshape(-1).float().expand(len(x)), torch.full((len(x),), -1))


class Alone(torch.nn.Module):
    """A module in the place of one that is shared with other processes."""

    def __init__(self, module, **_):
        super().__init__()
        self.module = module

    def forward(self, *given):
        return self.module(*given)


def stood_in(name, **parts):
    """A module in the place of one that is not installed."""
    try:
        importlib.import_module(name)
    except ImportError:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(parts)


def their_code(out):
    """Their modules, for one process without a GPU."""
    sys.path.insert(0, os.environ["EPD"])
    stood_in("piq", LPIPS=None)
    for name in ["torchvision", "torchvision.transforms", "torchvision.utils"]:
        stood_in(name, make_grid=None, save_image=None)
    sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]
    torch.cuda.max_memory_allocated = torch.cuda.max_memory_reserved = lambda *_: 0
    torch.cuda.reset_peak_memory_stats = lambda *_: None
    torch.nn.parallel.DistributedDataParallel = Alone
    torch.distributed.init_process_group("gloo", init_method=f"file://{out}/group", rank=0, world_size=1)
    import dnnlib
    import sample
    import torch_utils.distributed
    import training.loss
    import training.training_loop

    torch_utils.distributed.init = lambda: None
    training.loss.InceptionFeatureExtractor = lambda **_: None
    training.loss.compute_inception_mse_loss = lambda ours, theirs, _: torch.nn.functional.mse_loss(ours, theirs)
    return dnnlib.EasyDict, training.training_loop, sample


def learn(EasyDict, loop, net, out, trajectories):
    """Their predictor's file."""
    predictor = EasyDict(
        class_name="training.networks.EPD_predictor",
        num_steps=4,
        num_points=2,
        sampler_stu="epd",
        sampler_tea="dpm",
        M=3,
        schedule_type="time_uniform",
        schedule_rho=1,
        afs=True,
        scale_dir=0.05,
        scale_time=0.05,
        dataset_name="cifar10",
        alpha=10,
        max_order=3,
        predict_x0=True,
        lower_order_final=True,
    )
    loop.create_model = lambda *_: net
    loop.training_loop(
        run_dir=out,
        pred_kwargs=predictor,
        loss_kwargs=EasyDict(class_name="training.loss.EPD_loss"),
        optimizer_kwargs=EasyDict(class_name="torch.optim.Adam", lr=0.2, betas=[0.9, 0.999], eps=1e-8),
        cos_lr_schedule=True,
        batch_size=BATCH,
        total_kimg=trajectories / 1000,
        snapshot_ticks=1,
        state_dump_ticks=None,
        dataset_name="cifar10",
        device=torch.device("cpu"),
    )
    return max(glob.glob(os.path.join(out, "network-snapshot-*.pkl")))


def draw(sample, net, predictor, out, count):
    sample.create_model = lambda *_: (net, "edm")
    asked = dict(seeds=list(range(count)), max_batch_size=64, outdir=out, grid=False, subdirs=False)
    sample.main.callback(predictor_path=predictor, prompt=None, device=torch.device("cpu"), **asked)


def timed(net, work):
    """What work returns, with its seconds and evaluations."""
    begun, before = time.perf_counter(), dict(net.evaluations)
    result = work()
    seconds = time.perf_counter() - begun
    evaluations = {kind: count - before[kind] for kind, count in net.evaluations.items()}
    return result, {"seconds": seconds, "evaluations": evaluations}


def main():
    given = common.arguments(__doc__, "--out", "--trajectories", "--samples")
    out = os.path.abspath(given.out)
    torch.set_num_threads(given.threads)
    net = Counted()
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    EasyDict, loop, sample = their_code(out)
    predictor, learning = timed(net, lambda: learn(EasyDict, loop, net, out, int(given.trajectories)))
    _, sampling = timed(net, lambda: draw(sample, net, predictor, os.path.join(out, "images"), int(given.samples)))
    return {
        "learning": learning,
        "sampling": sampling,
        "predictor": predictor,
        "version": f"PyTorch {torch.__version__}",
    }


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        told = main()
    print(json.dumps(told))

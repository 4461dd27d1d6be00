"""What bench/fid.ts asks of Python beside the tools' own commands.

    python3 fid.py about               as JSON: PyTorch's version, and why a tool cannot be imported
    python3 fid.py place FOLDER        makes the files of weights that the tools look for of FOLDER's .safetensors
    python3 fid.py clean-fid MODE A B  clean-fid's distance of two folders, which it has no command for"""

import contextlib
import importlib
import json
import os
import signal
import sys

TOOLS = {"pytorch-fid": "pytorch_fid.fid_score", "torch-fidelity": "torch_fidelity.fidelity", "clean-fid": "cleanfid.fid"}
NVIDIA = "inception-2015-12-05.pt"
HUB = ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth")


def about():
    missing = {}
    for tool, module in TOOLS.items():
        try:
            importlib.import_module(module)
        except (ImportError, RuntimeError) as error:
            missing[tool] = str(error)
    print(json.dumps({"missing": missing, "torch": getattr(sys.modules.get("torch"), "__version__", None)}))


def read(path):
    """The tensors of a .safetensors of float32."""
    import numpy as np
    import torch

    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    found = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        found[name] = torch.from_numpy(np.frombuffer(data[begin:end], np.float32).reshape(tensor["shape"]).copy())
    return found


def place(folder):
    """The files of the torch hub under hub/checkpoints, and NVIDIA's file, with an argument that clean-fid gives it."""
    import torch
    from inception import Inception

    class Scripted(Inception):
        def forward(self, x, return_features: bool = False):
            features = self.seen(x)
            return features if return_features else torch.softmax(self.output(features), 1)

    network = Scripted().eval()
    network.load_state_dict(read(os.path.join(folder, "nvidia.safetensors")))
    torch.jit.save(torch.jit.script(network), os.path.join(folder, NVIDIA))
    state = read(os.path.join(folder, "pytorch-fid.safetensors"))
    state["fc.weight"], state["fc.bias"] = state.pop("output.weight"), state.pop("output.bias")
    checkpoints = os.path.join(folder, "hub", "checkpoints")
    os.makedirs(checkpoints)
    for name in HUB:
        torch.save(state, os.path.join(checkpoints, name))


def clean_fid(mode, a, b):
    """The network is made apart, as compute_fid makes it, so that the file lies in /tmp only while it is read."""
    import torch
    from cleanfid import fid
    from cleanfid.features import build_feature_extractor

    device = torch.device("cpu")
    file, place = os.path.join(os.environ["TORCH_HOME"], NVIDIA), os.path.join("/tmp", NVIDIA)
    with contextlib.nullcontext() if mode == "legacy_pytorch" else linked(file, place):
        model = build_feature_extractor(mode, device)
    print("FID: ", fid.compute_fid(a, b, mode=mode, device=device, custom_feat_extractor=model, verbose=False))


@contextlib.contextmanager
def linked(file, place):
    """A link to a file at a place where there is none; it is removed also where the process is asked to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.symlink(file, place)
    try:
        yield
    finally:
        os.unlink(place)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"about": about, "place": place, "clean-fid": clean_fid}[command](*arguments)

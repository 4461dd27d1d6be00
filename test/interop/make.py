"""Has the real libraries write folders and files, with what they compute from them: python make.py OUT [NAME ...]

diffusers is imported from where PYTHONPATH finds it (today.py lets older versions run). Where COMPVIS names a folder with checkouts of
CompVis's latent-diffusion, stable-diffusion and taming-transformers, their code writes its cases too.
"""

import importlib
import os
import sys

import torch
import transformers

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import today  # noqa: E402, F401
import diffusers  # noqa: E402

# Exports come last: they stand in for modules that others look for.
FAMILIES = [
    *("unets", "conditional", "autoencoders", "schedulers", "sampling", "compvis", "tokens", "live"),
    *("flows", "exports"),
]


def main(out, names):
    versions = dict(
        versions=dict(diffusers=diffusers.__version__, torch=torch.__version__, transformers=transformers.__version__)
    )
    torch.manual_seed(0)
    torch.set_num_threads(1)

    def wanted(name):
        return not names or any(name.startswith(given) for given in names)

    os.makedirs(out, exist_ok=True)
    for family in FAMILIES:
        if os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{family}.py")):
            importlib.import_module(family).write(out, versions, wanted)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

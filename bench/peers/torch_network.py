"""A network of made.py in PyTorch, for timing beside ours: see common.py for what is asked and answered.

    python3 torch_network.py --network NAME --folder FOLDER --mode eager|channels-last|compile [--threads N]"""

import torch

import common
import made

if __name__ == "__main__":
    given = common.arguments(__doc__, "--network", "--folder", "--mode")
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    network, call = made.NETWORKS[given.network](given.folder)
    network.eval()
    last = given.mode == "channels-last"
    if last:
        network.to(memory_format=torch.channels_last)
    if given.mode == "compile":
        import torch._inductor.config

        # Weights are constants then, laid out once as oneDNN wants them.
        torch._inductor.config.freezing = True
        network = torch.compile(network, dynamic=False)

    def run(feeds):
        tensors = {name: torch.from_numpy(array) for name, array in feeds.items()}
        if last:
            tensors = {
                name: tensor.to(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
                for name, tensor in tensors.items()
            }
        return call(network, tensors).contiguous().numpy()

    common.answer(run, version=f"PyTorch {torch.__version__}")

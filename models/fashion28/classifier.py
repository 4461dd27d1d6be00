"""Trains the classifier of Fashion-MNIST whose features the scores of fashion28 compare, from nothing.

    python3 classifier.py [--epochs 30] [--data FOLDER] [--out FOLDER]

Two convolutions at 28 x 28 and two at 14 x 14 pixels, group normalisation, a convolution at 7 x 7 whose mean over the pixels gives 128 features,
and a linear layer to ten classes. It writes classifier.safetensors and classifier.json with the accuracy on the 10,000 test images."""

import argparse
import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

from train import FOLDER, images_of

FEATURES = 128


class Classifier(nn.Module):
    """Images [batch, 1, 28, 28] from -1 to 1."""

    def __init__(self):
        super().__init__()
        widths = [(1, 32), (32, 32), (32, 64), (64, 64), (64, FEATURES)]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in widths)
        self.norms = nn.ModuleList(nn.GroupNorm(8, b, eps=1e-5) for _, b in widths)
        self.last = nn.Linear(FEATURES, 10)

    def features(self, x):
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            x = F.silu(norm(conv(x)))
            if i in (1, 3):
                x = F.avg_pool2d(x, 2)
        return x.mean((2, 3))

    def forward(self, x):
        return self.last(self.features(x))


def shifted(images, generator):
    """Each image moved by at most two pixels in each direction."""
    padded = F.pad(images, (2, 2, 2, 2), value=-1)
    batch, side = len(images), images.shape[-1]
    dx, dy = torch.randint(5, (2, batch), generator=generator, device=images.device)
    span = torch.arange(side, device=images.device)
    rows, columns = dy[:, None] + span, dx[:, None] + span
    return padded[torch.arange(batch, device=images.device)[:, None, None], 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--data", default=FOLDER)
    parser.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)))
    options = parser.parse_args()
    from safetensors.torch import save_file

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    model = Classifier().to(device)
    images, labels = (part.to(device) for part in images_of(options.data, "train"))
    tests, answers = (part.to(device) for part in images_of(options.data, "t10k"))
    steps = options.epochs * (len(images) // 256)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    generator = torch.Generator(device).manual_seed(0)
    for step in range(steps):
        chosen = torch.randint(len(images), (256,), generator=generator, device=device)
        loss = F.cross_entropy(model(shifted(images[chosen], generator)), labels[chosen], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 1000 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.4f}", flush=True)
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(tests.split(1000), answers.split(1000)))
    accuracy = right / len(tests)
    os.makedirs(options.out, exist_ok=True)
    weights = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, os.path.join(options.out, "classifier.safetensors"), metadata={"format": "pt"})
    with open(os.path.join(options.out, "classifier.json"), "w") as file:
        json.dump(dict(accuracy=accuracy, epochs=options.epochs, features=FEATURES, torch=torch.__version__), file, indent=1)
    print("accuracy", accuracy)


if __name__ == "__main__":
    main()

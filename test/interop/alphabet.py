"""CLIP's tokeniser with a small vocabulary."""

import json
import os

from transformers import CLIPTokenizer


def vocabulary(merges=()):
    """CLIP's alphabet of bytes with some merges: without any, every letter is a token."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = [chr(byte) for byte in printable]
    letters += [chr(256 + i) for i in range(256 - len(letters))]
    words = letters + [f"{letter}</w>" for letter in letters] + ["".join(merge.split()) for merge in merges]
    return {word: i for i, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}


def tokenizer(folder, tokens, merges=()):
    """A tokeniser of prompts of so many tokens, written into a folder."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.json"), "w") as f:
        json.dump(vocabulary(merges), f)
    with open(os.path.join(folder, "merges.txt"), "w") as f:
        f.write("".join(f"{line}\n" for line in ["#version: 0.2", *merges]))
    return CLIPTokenizer.from_pretrained(folder, model_max_length=tokens, pad_token="<|endoftext|>")

"""What every peer answers with: questions are lines of JSON on stdin, answers are lines of JSON on stdout."""

import argparse
import glob
import json
import os
import re
import sys
import time

import numpy


def arguments(doc, *names):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--threads", type=int, default=1)
    for name in names:
        parser.add_argument(name)
    return parser.parse_args()


def peak():
    """The most memory that this process has held, in MB."""
    with open("/proc/self/status") as f:
        return int(re.search(r"VmHWM:\s*(\d+) kB", f.read()).group(1)) / 1024


def feeds_of(folder):
    """The inputs by their names, float32 with the batch first."""
    return {os.path.basename(path)[:-4]: numpy.load(path) for path in glob.glob(os.path.join(folder, "*.npy"))}


def answer(run, **about):
    """Answers {"feeds": folder, "answer": file}: run(feeds) is timed, and its array is written where a file is named."""
    for line in sys.stdin:
        asked = json.loads(line)
        feeds = feeds_of(asked["feeds"])
        begun, used = time.perf_counter(), time.process_time()
        array = run(feeds)
        seconds, processor = time.perf_counter() - begun, time.process_time() - used
        if "answer" in asked:
            numpy.save(asked["answer"], numpy.ascontiguousarray(array, dtype=numpy.float32))
        print(json.dumps({"seconds": seconds, "processor": processor, "peak": peak(), **about}), flush=True)

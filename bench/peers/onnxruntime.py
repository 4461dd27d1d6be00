"""An ONNX graph on ONNX Runtime from Python, for timing beside ours: seconds a batch, as JSON lines on stdout for each {"path", "batch"} on stdin.

    python3 onnxruntime.py [--threads N]"""

import argparse
import json
import sys
import time

sys.path.pop(0)  # Else this file is what its own import finds.
import numpy
import onnxruntime

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = parser.parse_args().threads
    sessions = {}
    for line in sys.stdin:
        asked = json.loads(line)
        path, batch = asked["path"], asked["batch"]
        session = sessions.setdefault(path, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
        feeds = {
            given.name: numpy.full([batch, *given.shape[1:]], 0.1, numpy.float32) for given in session.get_inputs()
        }
        begun = time.perf_counter()
        session.run(None, feeds)
        print(json.dumps({"seconds": time.perf_counter() - begun, "onnxruntime": onnxruntime.__version__}), flush=True)

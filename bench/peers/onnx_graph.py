"""An ONNX graph on ONNX Runtime from Python, for timing beside ours: see common.py for what is asked and answered.

    python3 onnx_graph.py --graph FILE [--threads N]"""

import onnxruntime

import common

if __name__ == "__main__":
    given = common.arguments(__doc__, "--graph")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = given.threads
    session = onnxruntime.InferenceSession(given.graph, options, providers=["CPUExecutionProvider"])
    first = session.get_outputs()[0].name
    common.answer(lambda feeds: session.run([first], feeds)[0], version=f"ONNX Runtime {onnxruntime.__version__}")

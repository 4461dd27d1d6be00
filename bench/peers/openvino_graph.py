"""An ONNX graph on OpenVINO from Python, for timing beside ours: see common.py for what is asked and answered.

    python3 openvino_graph.py --graph FILE [--threads N]"""

import openvino

import common

if __name__ == "__main__":
    given = common.arguments(__doc__, "--graph")
    settings = {"INFERENCE_NUM_THREADS": given.threads, "PERFORMANCE_HINT": "LATENCY"}
    model = openvino.Core().compile_model(given.graph, "CPU", settings)
    first = model.output(0)
    common.answer(lambda feeds: model(feeds)[first], version=f"OpenVINO {openvino.__version__}")

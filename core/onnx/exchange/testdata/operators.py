"""Lists the operators of ONNX as the Python package defines them, for TestOperators.

    pip install onnx
    python core/onnx/exchange/testdata/operators.py > core/onnx/exchange/testdata/operators.txt

One line for each version of an operator of ai.onnx: its name, the opset since which it
is so, and how many inputs it has at least and at most.
"""

import onnx.defs

for s in sorted(onnx.defs.get_all_schemas_with_history(), key=lambda s: (s.name, s.since_version)):
    if s.domain == "":
        print(s.name, s.since_version, s.min_input, min(s.max_input, 1 << 20))

"""Prints what pyarrow reads of the Parquet files given: {file: {"types": {column:
type}, "rows": […]}}"""
import json, sys

import pyarrow.parquet as pq

out = {}
for path in sys.argv[1:]:
    table = pq.read_table(path)
    rows = table.to_pylist()
    for row in rows:
        for k, v in row.items():
            if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))):
                row[k] = str(v)
            elif hasattr(v, "isoformat"):
                row[k] = v.isoformat()
    out[path] = {"types": {f.name: str(f.type) for f in table.schema}, "rows": rows}
print(json.dumps(out))

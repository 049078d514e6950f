"""Reads Parquet files with pyarrow and with polars and prints what both find, one JSON object a file.

A point in time is printed as nanoseconds since 1970, so that no precision is lost."""

import json
import sys

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq


def plain_arrow(table):
    columns = []
    for column in table.columns:
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        columns.append(column.to_pylist())
    return columns


def plain_polars(frame):
    columns = []
    for column in frame.get_columns():
        if isinstance(column.dtype, pl.Datetime):
            column = column.cast(pl.Int64)
        columns.append(column.to_list())
    return columns


for path in sys.argv[1:]:
    arrow = pq.read_table(path)
    frame = pl.read_parquet(path)
    print(
        json.dumps(
            {
                "rows": [arrow.num_rows, frame.height],
                "names": [arrow.schema.names, frame.columns],
                "types": [[str(t) for t in arrow.schema.types], [str(t) for t in frame.dtypes]],
                "same": plain_arrow(arrow) == plain_polars(frame),
                "columns": plain_arrow(arrow),
                "row_groups": pq.ParquetFile(path).num_row_groups,
            }
        )
    )

"""Which cell does AdaBERT's differentiable search find on a task?

The search of Chen 2020 with this package's teacher and probes; the cell it ends with is written as
JSON. `kdnas/adabert/kdnas-cell.json` came from the command below, SST-2's files in DIR. With the
number of cells searched too (without --depth) so short a search ends at none.

Run: python benchmarks/cell_search.py --preset scaled-sst2 --set task.path=DIR --depth 3
         --rest 0.67 --texts 6000 --epochs 6 --out cell.json
"""

import argparse
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kdnas.adabert import CellArchitecture, CellSearch, search_cell
from kdnas.config import load_config
from kdnas.evaluation import prepare
from kdnas.teachers import student_tables
from kdnas.training import encode, exact_float32, quiet_libraries


def main() -> None:
    """Search, write the cell and print it."""
    parser = argparse.ArgumentParser(description="AdaBERT's search for a cell")
    parser.add_argument("--preset", default="scaled-offline")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=VALUE")
    parser.add_argument("--cells", type=int, default=4, help="at most so many")
    parser.add_argument("--depth", type=int, help="exactly so many")
    parser.add_argument("--rest", type=float, default=0.0, help="share before choices move")
    parser.add_argument("--beta", type=float, default=4.0, help="weight of the efficiency")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    quiet_libraries()
    exact_float32(options.threads)
    config = load_config(options.preset, None, options.set)
    prepared = prepare(config)
    train = prepared.task.train.head(options.texts)
    texts = encode(prepared.tokenizer, train.texts, config.student.max_length)
    probe_logits = prepared.lesson.signals["probe_logits"]
    start = time.perf_counter()

    def on_epoch(epoch: int, loss: float) -> None:
        seconds = time.perf_counter() - start
        print(f"epoch {epoch}/{options.epochs}  loss {loss:.3f}  {seconds:.0f} s", flush=True)

    tables = student_tables(prepared.teacher, CellSearch.width)
    settings = CellSearch(
        cells=options.cells,
        depth=options.depth,
        rest=options.rest,
        beta=options.beta,
        epochs=options.epochs,
    )
    cell = search_cell(
        texts, train.labels, probe_logits, prepared.shape, settings, options.seed, tables,
        on_epoch,
    )  # fmt: skip
    options.out.write_text(cell.to_json() + "\n")
    print_cell(cell)


def print_cell(cell: CellArchitecture) -> None:
    """Its edges as a table."""
    table = Table("from", "to", "operation", title=f"{cell.cells} cells of width {cell.width}")
    for source, node, op in cell.edges:
        table.add_row(str(source), str(node), op)
    Console().print(table)


if __name__ == "__main__":
    main()

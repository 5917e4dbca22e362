"""AdaBERT, the rival of the search: stacked cells of convolutions (Chen 2020).

- `CellArchitecture`: cells as a value with a JSON form; `SHIPPED_CELL` is one that `search_cell`
  has found;
- `CellStudent`: the network; `CellsForSequenceClassification` is it as a Hugging Face model, which
  importing this folder registers;
- `readout_loss`, `depth_losses`, `efficiency_loss`: what cells are trained and searched with;
- `search_cell`: the search by gradient descent; `derived_cell` is its last step;
- `recipe`: how the network of a given cell is distilled, the method `adabert`.
"""

from kdnas.adabert.cells import COSTS, EDGES, OPS, SHIPPED_CELL, CellArchitecture, CellEdge
from kdnas.adabert.losses import depth_losses, efficiency_loss, readout_loss
from kdnas.adabert.pretrained import (
    CellConfig,
    CellsForSequenceClassification,
    register_cells,
)
from kdnas.adabert.search import CellSearch, derived_cell, search_cell
from kdnas.adabert.student import ALL_EDGES, CellStudent

register_cells()

__all__ = [
    "ALL_EDGES",
    "COSTS",
    "EDGES",
    "OPS",
    "SHIPPED_CELL",
    "CellArchitecture",
    "CellConfig",
    "CellEdge",
    "CellSearch",
    "CellStudent",
    "CellsForSequenceClassification",
    "depth_losses",
    "derived_cell",
    "efficiency_loss",
    "readout_loss",
    "search_cell",
]

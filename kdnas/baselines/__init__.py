"""What the search is compared with: models that others distil from the same teacher.

PKD (`patient`): the teacher's first layers, taught by its hidden states too.

- `distil_patiently` trains one; `followed_layers` and `patient_loss` are its rule and its loss.

AdaBERT (`cells`, `cell_student`, `cell_losses`, `cell_search`, `cell_distill`): stacked cells of
convolutions, found by gradient descent.

- `CellArchitecture`: cells as a value with a JSON form;
- `CellStudent`: the network;
- `search_cell`: the search; `derived_cell` is its last step;
- `distil_cells`: trains the network of a given cell;
- `CellsForSequenceClassification`: it as a Hugging Face model, which importing this registers.

Adversarial training (`adversarial`) of any of them, of students and of teachers:

- `adversarial_examples`: attacks on training texts, of which `attacked_share` draws some;
- `train_on_labels` goes on with them, joined to the originals by `with_examples`.
"""

from kdnas.baselines.adversarial import (
    AdversarialRecipe,
    adversarial_examples,
    attacked_share,
    train_on_labels,
    with_examples,
)
from kdnas.baselines.cell_distill import distil_cells
from kdnas.baselines.cell_losses import depth_losses, efficiency_loss, probed_layers, readout_loss
from kdnas.baselines.cell_pretrained import (
    CellConfig,
    CellsForSequenceClassification,
    register_cells,
)
from kdnas.baselines.cell_search import CellSearch, derived_cell, search_cell
from kdnas.baselines.cell_student import ALL_EDGES, CellStudent
from kdnas.baselines.cells import COSTS, EDGES, OPS, CellArchitecture, CellEdge
from kdnas.baselines.patient import PatientRecipe, distil_patiently, followed_layers, patient_loss

__all__ = [
    "ALL_EDGES",
    "COSTS",
    "EDGES",
    "OPS",
    "AdversarialRecipe",
    "CellArchitecture",
    "CellConfig",
    "CellEdge",
    "CellSearch",
    "CellStudent",
    "CellsForSequenceClassification",
    "PatientRecipe",
    "adversarial_examples",
    "attacked_share",
    "depth_losses",
    "derived_cell",
    "distil_cells",
    "distil_patiently",
    "efficiency_loss",
    "followed_layers",
    "patient_loss",
    "probed_layers",
    "readout_loss",
    "search_cell",
    "train_on_labels",
    "with_examples",
]

register_cells()

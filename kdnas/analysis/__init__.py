"""The way from the archive of a run to its front, tables and figures.

Every function takes the rows of an archive in birth order and changes nothing:

- `pareto_front`, `picks`, `knee`, `feasible`: the students worth having; `why_empty`: why none is;
- `hypervolume`, `hypervolume_history`, `reference_point`: how good the front is, in one number;
- `as_records`: the students as JSON, `spec_record`: their attack; `front_table`, `search_table`,
  `student_details`: as tables for a terminal;
- `arrival`: whether quick students had an advantage in an asynchronous search;
- `draw_figures`, `FIGURES`: figures for paper, drawn from a `RunContext`; `save_figure` saves one;
- `paper/`: the paper's tables.

moocore, scipy, matplotlib and rich are imported only when they are used.
"""

from kdnas.analysis.arrival import Arrival, arrival
from kdnas.analysis.details import student_details
from kdnas.analysis.figures import FIGURES, draw_figures, save_figure
from kdnas.analysis.front import feasible, knee, pareto_front, picks, why_empty
from kdnas.analysis.indicator import hypervolume, hypervolume_history, reference_point
from kdnas.analysis.json_records import as_records, spec_record
from kdnas.analysis.table import front_table, search_table

__all__ = [
    "FIGURES",
    "Arrival",
    "arrival",
    "as_records",
    "draw_figures",
    "feasible",
    "front_table",
    "hypervolume",
    "hypervolume_history",
    "knee",
    "pareto_front",
    "picks",
    "reference_point",
    "save_figure",
    "search_table",
    "spec_record",
    "student_details",
    "why_empty",
]

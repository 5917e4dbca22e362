"""The paper's tables from the archives of a reproduction, beside the numbers that Guo 2021 prints.

- `reported`: the paper's numbers; `printed`: those of the sources of the methods;
- `Scores`, `model_scores`: the compared models, from every attacked text; `compare` tests
  two of them text by text;
- `variance_components`: what of their spread is the architecture's, what the training's;
- `grouped`, `correlations`: how scores go with the architecture;
- `table1` to `table5`, each a `PaperTable`, which `as_markdown`, `as_csv` and `as_latex` write;
- `write_outputs`, `write_table`: what writes tables and figures by name.
"""

from kdnas.analysis.paper.comparison import Comparison, compare
from kdnas.analysis.paper.correlation import COEFFICIENTS, SIZE, Correlation, correlations
from kdnas.analysis.paper.groups import STUDIED, TRAITS, Group, grouped
from kdnas.analysis.paper.outputs import FORMS, require_known, write_outputs, write_table
from kdnas.analysis.paper.printed import Printed, printed
from kdnas.analysis.paper.reported import Reported, reported
from kdnas.analysis.paper.scores import Estimate, Scores, model_scores, share
from kdnas.analysis.paper.table import PaperTable, as_csv, as_latex, as_markdown
from kdnas.analysis.paper.tables import LABELS, table1, table2, table3, table4, table5
from kdnas.analysis.paper.variance import Variance, variance_components

__all__ = [
    "COEFFICIENTS",
    "FORMS",
    "LABELS",
    "SIZE",
    "STUDIED",
    "TRAITS",
    "Comparison",
    "Correlation",
    "Estimate",
    "Group",
    "PaperTable",
    "Printed",
    "Reported",
    "Scores",
    "Variance",
    "as_csv",
    "as_latex",
    "as_markdown",
    "compare",
    "correlations",
    "grouped",
    "model_scores",
    "printed",
    "reported",
    "require_known",
    "share",
    "table1",
    "table2",
    "table3",
    "table4",
    "table5",
    "variance_components",
    "write_outputs",
    "write_table",
]

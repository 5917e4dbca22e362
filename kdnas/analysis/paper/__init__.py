"""The paper's tables from the archives of a reproduction, beside the numbers that Guo 2021 prints.

- `reported`: the paper's numbers;
- `Scores`, `model_scores`: the compared models, from every attacked text; `held` and `mcnemar`
  compare two of them text by text;
- `grouped`, `correlations`: how scores go with the architecture;
- `table1` to `table5`, each a `PaperTable`, which `as_markdown`, `as_csv` and `as_latex` write.
"""

from kdnas.analysis.paper.groups import (
    METRICS,
    TRAITS,
    Correlation,
    Group,
    correlations,
    grouped,
)
from kdnas.analysis.paper.reported import Reported, reported
from kdnas.analysis.paper.scores import Estimate, Scores, held, mcnemar, model_scores
from kdnas.analysis.paper.table import PaperTable, as_csv, as_latex, as_markdown
from kdnas.analysis.paper.tables import LABELS, table1, table2, table3, table4, table5

__all__ = [
    "LABELS",
    "METRICS",
    "TRAITS",
    "Correlation",
    "Estimate",
    "Group",
    "PaperTable",
    "Reported",
    "Scores",
    "as_csv",
    "as_latex",
    "as_markdown",
    "correlations",
    "grouped",
    "held",
    "mcnemar",
    "model_scores",
    "reported",
    "table1",
    "table2",
    "table3",
    "table4",
    "table5",
]

"""Tasks: labelled texts in three disjoint splits, whatever they were read from.

`build_task` goes through the folder in this order. A reader (`packaged`, `files`, `hub`) makes
`Table` objects, `labels` turns them into pools of texts with class numbers, `clean` cuts the texts
to what a student sees and removes duplicates, `divide` makes train, search-val and report-val, and
`overlap` measures whether validation was cut from the training text; `remarks` says what a user
should know of all this, such as the rows that no split has. Search-val decides during a search,
report-val only afterwards; `head` of either takes a subset with the same class proportions.
`datasets` is imported only when a hub data set, a Parquet file or a saved folder is read.
`LabelledTexts` are read for a model that has its classes already.
"""

from kdnas.tasks.build import build_task, read_pools
from kdnas.tasks.cut import word_boundary_cut
from kdnas.tasks.labelled import LabelledTexts
from kdnas.tasks.overlap import overlap_share
from kdnas.tasks.tables import Columns, Source, Table
from kdnas.tasks.task import Split, Task

__all__ = [
    "Columns",
    "LabelledTexts",
    "Source",
    "Split",
    "Table",
    "Task",
    "build_task",
    "overlap_share",
    "read_pools",
    "word_boundary_cut",
]

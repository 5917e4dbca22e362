"""What Guo 2021 prints: its tables 1 to 5 in points, words in percent, sizes in millions."""

Reported = dict[str, float]

BERT, BERT_AT = {"accuracy": 92.3, "robustness": 12.4}, {"accuracy": 92.1, "robustness": 21.3}

MODELS: dict[str, dict[str, Reported]] = {
    "sst2": {
        "teacher": {**BERT, "words": 19.3, "queries": 169, "parameters": 110},
        "teacher-at": {**BERT_AT, "words": 19.8, "parameters": 110},
        "pkd": {"accuracy": 90.7, "robustness": 6.2, "words": 14.7, "queries": 121,
                "parameters": 67},
        "pkd-at": {"accuracy": 83.7, "robustness": 14.0, "parameters": 67},
        "cells": {"accuracy": 89.0, "robustness": 7.1, "words": 14.0, "queries": 113,
                  "parameters": 6.4},
        "cells-at": {"accuracy": 73.4, "robustness": 22.0, "words": 16.8, "parameters": 6.4},
        "cells-extra": {"accuracy": 87.3, "robustness": 7.6},
        "cells-robust": {"accuracy": 87.5, "robustness": 7.3},
        "cells-robust-extra": {"accuracy": 86.5, "robustness": 7.9},
        "searched": {"accuracy": 84.1, "robustness": 45.8, "parameters": 24},
    },
    "ag_news": {
        "teacher": {"accuracy": 95.0, "robustness": 27.0, "parameters": 110},
        "teacher-at": {"accuracy": 94.0, "robustness": 35.8, "parameters": 110},
        "pkd": {"accuracy": 94.8, "robustness": 18.7, "parameters": 67},
        "pkd-at": {"accuracy": 90.0, "robustness": 19.3, "parameters": 67},
        "searched": {"accuracy": 90.3, "robustness": 47.8, "parameters": 16.9},
    },
}  # fmt: skip
"""Data set -> model -> value (tables 1, 3, 4 and 5)."""

TRANSFERS: dict[tuple[str, str], float] = {
    ("teacher", "cells"): 53.7,
    ("teacher", "pkd"): 56.4,
    ("cells", "cells"): 0.0,
    ("cells", "pkd"): 61.0,
    ("pkd", "cells"): 56.5,
    ("pkd", "pkd"): 0.0,
}
"""(surrogate, target) -> accuracy of the target on SST-2 (table 2)."""


def reported(task: str) -> dict[str, Reported]:
    """The paper's models on a data set; none for others.

    >>> reported("glue/sst2")["pkd"]["robustness"]
    6.2
    """
    return MODELS.get(task.split("/")[-1], {})

"""Small files in the form of GLUE's download."""

from pathlib import Path

COUNT = 40

FILES = {
    "glue/cola": (None, "gj04\t{k}\t\t{a}"),
    "glue/sst2": ("sentence\tlabel", "{a}\t{k}"),
    "glue/mrpc": ("Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", "{k}\t{i}\t{i}9\t{a}\t{b}"),
    "glue/qqp": ("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
                 "{i}\t{i}1\t{i}2\t{a}\t{b}\t{k}"),
    "glue/stsb": ("index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\t"
                  "sentence1\tsentence2\tscore",
                  "{i}\tmain\tMSRvid\t2012\t{i}\tnone\tnone\t{a}\t{b}\t{n}"),
    "glue/mnli": ("index\tpromptID\tpairID\tgenre\tsentence1\tsentence2\tlabel1\tgold_label",
                  "{i}\t{i}\t{i}e\tfiction\t{a}\t{b}\t{w}\t{w}"),
    "glue/mnli-mm": ("index\tpromptID\tpairID\tgenre\tsentence1\tsentence2\t"
                     "label1\tgold_label",
                     "{i}\t{i}\t{i}e\tfiction\t{a}\t{b}\t{w}\t{w}"),
    "glue/qnli": ("index\tquestion\tsentence\tlabel", "{i}\t{a}\t{b}\t{w}"),
    "glue/rte": ("index\tsentence1\tsentence2\tlabel", "{i}\t{a}\t{b}\t{w}"),
    "glue/wnli": ("index\tsentence1\tsentence2\tlabel", "{i}\t{a}\t{b}\t{k}"),
}  # fmt: skip
"""Header and row of each file of GLUE's download."""


def rows(name: str, begin: int) -> list[str]:
    """Rows in the form of a task's own file, with a word that tells the class.

    A quote is a character like any other.
    """
    _, row = FILES[name]
    return [
        row.format(
            i=i, k=i % 2, w=("entailment", "other")[i % 2], n=f"{i % 2 * 2.5 + i % 26 / 10:.3f}",
            a=f'first "p{i} {("dull", "joyful")[i % 2]} b{i}', b=f"second h{i} d{i} e{i}",
        )
        for i in range(begin, begin + COUNT)
    ]  # fmt: skip


def downloaded(name: str, folder: Path) -> str:
    """A folder as GLUE's download has it, of both parts of MNLI."""
    header, _ = FILES[name]
    ends = ("_matched", "_mismatched") if "mnli" in name else ("",)
    stems = {"train": 0, **{f"dev{end}": COUNT * k for k, end in enumerate(ends, 1)}}
    for stem, begin in stems.items():
        lines = [header] if header else []
        (folder / f"{stem}.tsv").write_text("\n".join([*lines, *rows(name, begin)]) + "\n")
    return str(folder)

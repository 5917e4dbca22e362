"""`kdnas export`: a student as a Hugging Face model folder."""

from pathlib import Path
from typing import Annotated

import typer

from kdnas.cli.options import PluginOption, RunArgument


def export(
    run: RunArgument,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A student, or its first digits.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder.")],
    plugins: PluginOption = None,
) -> None:
    """Write a trained student as a folder with tokenizer and model card.

    A student whose weights the run did not keep is trained again from its seed.

    `AutoModelForSequenceClassification.from_pretrained` loads it after `import kdnas.students`.

    Example: kdnas export runs/quickstart 1343741d --out student
    """
    from kdnas.cli.beforehand import new_folder, require_data_and_model
    from kdnas.cli.inspect import find_student
    from kdnas.cli.output import messages, results, say_stage
    from kdnas.errors import UserError
    from kdnas.registry import plug_in
    from kdnas.runs import Archive, RunFolder, is_kept, require_same_code, stored_config

    for module in plugins or []:
        plug_in(module)
    folder = RunFolder(run)
    with Archive.read(folder.archive) as archive:
        require_same_code(archive)
        row = find_student(archive.rows(), key)
        if row.evaluation is None:
            raise UserError(f"student {row.key} was not evaluated ({row.status}): choose another")
        if not is_kept(folder, archive, row):
            require_data_and_model(stored_config(archive))
        with new_folder(out) as draft:
            from kdnas.export import Told, export_student
            from kdnas.training import quiet_libraries

            quiet_libraries()
            export_student(folder, archive, row, draft, Told(say_stage, messages().print))
    results().print(str(out))

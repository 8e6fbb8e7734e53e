"""`aleph-contract init`: write a client for the verifier, a first test and a CI job."""

from __future__ import annotations

from pathlib import Path

import click

from aleph_contract.errors import ArgumentError


@click.command("init", epilog="Example: aleph-contract init --dry-run")
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--kind",
    "name",
    type=click.Choice(["python", "node", "worker", "other"]),
    help="Kind of the project.  [default: by its files]",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
def command(*, folder: str, name: str | None, dry_run: bool) -> None:
    """Write an adapter, a first test and a CI job into a project.

    An existing file is never changed, except that lines are added to .gitignore.
    """
    from aleph_contract.scaffold.installs import source
    from aleph_contract.scaffold.kinds import KINDS, commands, ignored, kind_of, texts

    project = Path(folder)
    kind = KINDS[name] if name else kind_of(project)
    click.echo(f"{'would set' if dry_run else 'setting'} up a project of kind {kind.name}")
    try:
        for path, text in texts(kind, project):
            click.echo(f"  {_write(project / path, text, dry_run=dry_run):<9} {path}")
        click.echo(f"  {_ignore(project, ignored(kind), dry_run=dry_run):<9} .gitignore")
    except OSError as error:
        raise ArgumentError(f"{error.filename}: {error.strerror}") from None
    click.echo(f"\nNext: call your own client in {kind.files[0][0]}, then run\n")
    for line in commands(kind, project):
        click.echo(f"  {line}")
    click.echo(
        f"\nCI runs `pip install {source()}`; for another source set ALEPH_CONTRACT in the job."
    )


def _write(path: Path, text: str, *, dry_run: bool) -> str:
    """Write a file unless it exists; returns what happened."""
    if path.exists() or path.is_symlink():
        return "exists"
    if not dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        if path.suffix == ".sh":
            path.chmod(0o755)
    return "new"


def _ignore(project: Path, lines: tuple[str, ...], *, dry_run: bool) -> str:
    """Add the missing lines to `.gitignore`; returns what happened."""
    path = project / ".gitignore"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    missing = [line for line in lines if line not in text.splitlines()]
    if not missing:
        return "exists"
    if not dry_run:
        start = text if not text or text.endswith("\n") else text + "\n"
        path.write_text(start + "".join(f"{line}\n" for line in missing), encoding="utf-8")
    return "extended" if text else "new"

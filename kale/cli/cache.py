"""``kale cache``: what the store of saved values holds, who holds it, and getting rid of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kale.cli.cache_text import (
    SHOWN_NAMES,
    Age,
    age_text,
    count_files,
    entry_as_json,
    entry_row,
    holder_names,
    print_table,
    short_digest,
    size_text,
)
from kale.cli.options import SOURCE, debug_option, json_option, not_empty, with_options
from kale.cli.terminal import print_json, shown_path
from kale.printable import printable
from kale.script_words import is_script

if TYPE_CHECKING:
    from kale.runners.cache.keeper import Holding
    from kale.runners.cache.store import Entry, Store

#: Fewer digits of a digest are too easily another's.
_FEWEST_DIGITS = 6


_where_option = click.option(
    "--cache-dir", type=click.Path(), metavar="DIR", envvar="KALE_CACHE_DIR", callback=not_empty,
    help="The folder of the store; by default KALE_CACHE_DIR, or .kale/cache beside the notebook.",
)  # fmt: skip
_notebook_argument = click.argument(
    "notebook", type=click.Path(), metavar=f"[{SOURCE}]", required=False
)
_COMMON = (_where_option, json_option, debug_option)


@click.group("cache")
def cache_command() -> None:
    """Show, check and clean the store of the values that runs on this machine have saved.

    Runs link their values to it, so that equal ones take their room once. It is the folder
    .kale/cache beside the notebook or file, or here if none is given. Nothing that these commands
    remove is missing in a run afterwards.
    """


@cache_command.command("ls", short_help="List the files of the store.")
@_notebook_argument
@with_options(_COMMON)
def ls_command(notebook: str | None, cache_dir: str | None, as_json: bool) -> None:
    """List the files of the store, the largest first, and which values of which runs hold them."""
    store = _store(cache_dir, notebook)
    found = sorted(store.entries(), key=lambda entry: (-entry.size, entry.digest))
    known = _holders(store)
    idle = [entry for entry in found if not entry.holders]
    if as_json:
        total = {
            "files": len(found),
            "bytes": sum(entry.size for entry in found),
            "held_bytes": sum(entry.size * entry.holders for entry in found),
            "idle_files": len(idle),
            "idle_bytes": sum(entry.size for entry in idle),
        }
        files = [entry_as_json(entry, known) for entry in found]
        print_json({"store": str(store.root), "files": files, "total": total})
        return
    _say_where(store, cache_dir, empty=not found)
    print_table([entry_row(entry, known) for entry in found])
    held = sum(entry.size * entry.holders for entry in found)
    alone = f"; without the store, the runs' files would take {size_text(held)}" if held else ""
    click.echo(count_files(found) + alone)
    if idle:
        click.echo(f"no run has a link to {count_files(idle)}")


@cache_command.command("rm", short_help="Remove files from the store.")
@click.argument("digests", nargs=-1, metavar=f"[DIGEST|{SOURCE}]...")
@click.option("--all", "everything", is_flag=True, help="Remove all files.")
@click.option("--force", is_flag=True, help="Remove also what runs hold; they keep their links.")
@with_options(_COMMON)
def rm_command(
    digests: tuple[str, ...], everything: bool, force: bool, cache_dir: str | None, as_json: bool
) -> None:
    """Remove files from the store by their digests, or enough of their first digits.

    If one of them is held by a run, nothing is removed, unless --force is given.
    """
    prefixes = [text for text in digests if not (text.endswith(".ipynb") or is_script(text))]
    notebooks = [text for text in digests if text not in prefixes]
    if len(notebooks) > 1:
        raise click.UsageError(f"there is one store at a time, so leave `{notebooks[1]}` out")
    if bool(prefixes) == everything:
        raise click.UsageError("name either digests, as `kale cache ls` shows them, or `--all`")
    store = _store(cache_dir, *notebooks)
    entries = list(store.entries())
    chosen = entries if everything else _chosen(prefixes, entries)
    held = [entry for entry in chosen if entry.holders and not force]
    known = _holders(store) if held else {}
    removed, freed = [], 0
    for entry in [] if held else chosen:
        size = store.remove(entry.digest, held=force)
        if size is not None:
            removed.append(entry)
            freed += size
    if as_json:
        print_json(
            {
                "store": str(store.root),
                "removed": [entry_as_json(entry) for entry in removed],
                "held": [entry_as_json(entry, known) for entry in held],
                "freed": freed,
            }
        )
    else:
        click.echo(f"removed {count_files(removed)}; freed {size_text(freed)}")
    if held:
        for entry in held[:SHOWN_NAMES]:
            names = holder_names(entry, known) or "a run"
            _say(f"{short_digest(entry)} is held by {names}")
        if len(held) > SHOWN_NAMES:
            _say(f"and {len(held) - SHOWN_NAMES} more")
        _say("  hint: remove those run directories first, which frees the room, or add `--force`")
        raise click.exceptions.Exit(1)


@cache_command.command("gc", short_help="Remove what no run holds.")
@_notebook_argument
@click.option(
    "--keep-runs", type=click.IntRange(min=0), metavar="N",
    help="Remove first all runs in .kale/runs but the newest N of each pipeline.",
)  # fmt: skip
@click.option(
    "--older-than", type=Age(), metavar="AGE", default="1h", show_default=True,
    help="Keep files that were put or taken since: a number and s, m, h, d or w.",
)  # fmt: skip
@with_options(_COMMON)
def gc_command(
    notebook: str | None,
    keep_runs: int | None,
    older_than: float,
    cache_dir: str | None,
    as_json: bool,
) -> None:
    """Remove the files that no run holds, and what killed runs have left half done.

    A run that goes on is safe, as is a folder that --run-dir named.
    """
    from kale.runners.cache.keeper import collect

    store = _store(cache_dir, notebook)
    done = collect(store, keep_runs=keep_runs, older_than=older_than)
    if as_json:
        print_json(
            {
                "store": str(store.root),
                "removed": [entry_as_json(entry) for entry in done.entries],
                "removed_runs": [str(run) for run in done.runs],
                "spared": [entry_as_json(entry) for entry in done.spared],
                "freed": done.freed,
            }
        )
        return
    _say_where(store, cache_dir)
    for run in done.runs:
        click.echo(f"removed run {shown_path(run)}")
    click.echo(f"removed {count_files(done.entries)}; freed {size_text(done.freed)}")
    if done.spared:
        _say(
            f"kept {count_files(done.spared)} that no run holds, younger than"
            f" {age_text(older_than)}; `--older-than 0s` takes them too"
        )


@cache_command.command("verify", short_help="Find damaged files.")
@_notebook_argument
@click.option("--remove", is_flag=True, help="Remove the damaged files from the store.")
@with_options(_COMMON)
def verify_command(
    notebook: str | None, remove: bool, cache_dir: str | None, as_json: bool
) -> None:
    """Read all files of the store and name those that are damaged; exit code 1 if there are any.

    The runs that hold a damaged file hold the same damage: their steps have to run again.
    """
    store = _store(cache_dir, notebook)
    entries = list(store.entries())
    known = _holders(store)
    damaged: list[Entry] = []
    unread: list[tuple[Entry, str]] = []
    for number, entry in enumerate(entries, start=1):
        if sys.stderr.isatty():
            click.echo(f"\r{number} of {len(entries)}", err=True, nl=number == len(entries))
        try:
            if store.is_damaged(entry.digest):
                damaged.append(entry)
                if remove:
                    store.remove(entry.digest, held=True)
        except ImportError:
            unread.append((entry, "its algorithm is not installed: pip install blake3"))
        except OSError as error:
            unread.append((entry, f"it cannot be read: {error.strerror or error}"))
    if as_json:
        print_json(
            {
                "store": str(store.root),
                "checked": len(entries) - len(unread),
                "damaged": [entry_as_json(entry, known) for entry in damaged],
                "unread": [{**entry_as_json(entry), "reason": why} for entry, why in unread],
                "removed": remove and bool(damaged),
            }
        )
    else:
        for entry in damaged:
            names = holder_names(entry, known) or "no run that is known"
            size = size_text(entry.size)
            click.echo(f"{short_digest(entry)} ({size}) is damaged; held by {names}")
            click.echo(f"  {shown_path(entry.path)}{' (removed)' if remove else ''}")
        for entry, why in unread:
            _say(f"{short_digest(entry)} ({size_text(entry.size)}): {why}")
        sound = len(entries) - len(damaged) - len(unread)
        click.echo(f"{sound} of {count_files(entries)} sound")
        if damaged and not remove:
            _say(
                "  hint: `--remove` takes them out; who holds them has the damage too, so run again"
            )
    if damaged or unread:
        raise click.exceptions.Exit(1)


def _say(text: str) -> None:
    """Print what is not the answer."""
    click.echo(text, err=True)


def _store(cache_dir: str | None, notebook: str | None = None) -> Store:
    from kale.runners.cache.store import Store

    if notebook is not None and not Path(notebook.partition("::")[0]).exists():
        raise click.UsageError(f"there is no notebook `{printable(notebook)}`")
    beside = Path() if notebook is None else Path(notebook).parent
    return Store(Path(cache_dir) if cache_dir else beside / ".kale" / "cache")


def _say_where(store: Store, cache_dir: str | None, *, empty: bool = False) -> None:
    from kale.runners.run_directory import user_store

    _say(f"store: {shown_path(store.root)}")
    other = user_store()
    if empty and not cache_dir and other != store.root and other.exists():
        _say(
            "  hint: runs in folders that `--run-dir` named have theirs in another, see"
            f" `kale cache ls --cache-dir {printable(str(other))}`"
        )


def _holders(store: Store) -> dict[str, list[Holding]]:
    from kale.runners.cache.keeper import holdings

    return holdings(store.runs())


def _chosen(prefixes: Iterable[str], entries: Sequence[Entry]) -> list[Entry]:
    """The entries that the prefixes name, each once."""
    found = {}
    for prefix in prefixes:
        digits = prefix.lower().rpartition(":")[2]
        if not re.fullmatch(f"[0-9a-f]{{{_FEWEST_DIGITS},}}", digits):
            raise click.UsageError(
                f"`{printable(prefix)}` is no digest, nor at least the first {_FEWEST_DIGITS}"
                " digits of one; `kale cache ls` shows them"
            )
        matching = [e for e in entries if _begins(e.digest, prefix.lower())]
        if not matching:
            raise click.UsageError(
                f"the store has no file `{printable(prefix)}`; `kale cache ls` lists all"
            )
        if len(matching) > 1:
            raise click.UsageError(
                f"`{prefix}` begins {len(matching)} digests; give more digits: "
                + ", ".join(entry.digest for entry in matching[:SHOWN_NAMES])
            )
        found[matching[0].digest] = matching[0]
    return list(found.values())


def _begins(digest: str, prefix: str) -> bool:
    return digest.startswith(prefix) or digest.partition(":")[2].startswith(prefix)

"""One deploy as the command line goes through it: what it tells, and how it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

import click

from kale.cli.deploy_options import deploy_options
from kale.cli.terminal import INTERRUPTED, print_findings, print_json, print_lines
from kale.diagnostics import Diagnostic, from_error
from kale.errors import KaleError, UsageError
from kale.printable import printable

if TYPE_CHECKING:
    from kale.cluster.api import Api
    from kale.cluster.connection import ConnectionOptions
    from kale.cluster.deployed import Deployed, Resource
    from kale.deploying import Deployable

#: What the lines of a result begin with.
_KINDS = {
    "pipeline": "pipeline",
    "version": "version",
    "experiment": "experiment",
    "run": "run",
    "recurring_run": "recurring",
}


class DeploySession:
    """What is known so far of a deploy; at any time the document of ``--json`` is made of it."""

    def __init__(self, connection: ConnectionOptions, *, as_json: bool) -> None:
        self._connection = connection
        self._as_json = as_json
        self._doing = ""
        self._done: Deployed | None = None
        self._followed = ""
        self._deploys = False
        self._known_api: Api | None = None
        self._findings: tuple[Diagnostic, ...] = ()
        self._document: dict[str, Any] = {
            **dict.fromkeys(_KINDS), "replaced": [], "notes": [], "state": None, "error": "",
            "steps": [], "failures": [], "dry_run": False, "interrupted": False,
        }  # fmt: skip

    def run(self, act: Callable[[], int]) -> None:
        """Do it, and say how far it came.

        Raises:
            click.exceptions.Exit: with the exit code.
            KaleError: it failed, and nobody reads JSON.
            KeyboardInterrupt: the same for Ctrl-C.
        """
        from kale.cluster.deployment import is_refusal

        # A job of CI that is cancelled has as much to clean up and to say as Ctrl-C.
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            code = act()
        except KaleError as error:
            if error.code not in ("KALE620", "KALE621"):  # the run has not been seen, or is gone
                self._followed = ""
            self._say_how_far(sure=is_refusal(error))
            if not self._as_json:
                raise
            self._findings += from_error(error)
            code = error.exit_code
        except OSError:  # such as a full disk under standard output
            self._say_how_far(sure=False)
            raise
        except KeyboardInterrupt:
            self._say_how_far(sure=False)
            if not self._as_json:
                raise
            self._document["interrupted"] = True
            code = INTERRUPTED
        finally:
            signal.signal(signal.SIGTERM, before)
        if self._as_json:
            findings = [finding.as_json() for finding in self._findings]
            _unbroken(sys.stdout, print_json, {**self._document, "diagnostics": findings})
        raise click.exceptions.Exit(code)

    def deploy(self, source: str, options: Mapping[str, Any], settings: Mapping[str, str]) -> int:
        """Deploy and, if that was asked for, follow the run; the exit code."""
        from kale import deploying

        self._deploys = True
        deployable = deploying.prepare(
            source,
            options["parameters"],
            deploy_options(options),
            settings,
            strict=options["strict"],
            caching=options["caching"],
            output=options["output"],
            namespace=self._connection.namespace,
            offline=options["dry_run"],
            say=_say,
        )
        self._findings = deployable.diagnostics
        if not self._as_json:
            _unbroken(sys.stderr, print_findings, deployable.diagnostics, sys.stderr)
        if options["dry_run"]:
            self._say_plan(deployable)
            return 0
        self._done = done = deploying.deploy(self._api(), deployable, self._tell, _say)
        self._doing = ""
        self._document |= done.as_json()
        self._print_result(done)
        if options["wait"] and done.run is not None:
            return self.follow(done.run.id, options["timeout"], just_begun=True)
        return 0

    def follow(self, run_id: str, timeout: float | None, *, just_begun: bool = False) -> int:
        """Follow a run to its end; the exit code."""
        from kale.cli.following import outcome_json, print_note, print_outcome, print_step
        from kale.cluster.following import follow

        if self._document["run"] is None:
            self._document["run"] = {"name": None, "id": run_id, "link": None, "new": False}
        api = self._api()
        self._followed = run_id
        tell = partial(_unbroken, sys.stderr, print_step)
        note = partial(_unbroken, sys.stderr, print_note)
        outcome = follow(api, run_id, tell=tell, timeout=timeout, note=note, just_begun=just_begun)
        self._followed = ""
        _unbroken(sys.stderr, print_outcome, outcome)
        found = outcome_json(outcome)
        self._document |= {key: found[key] for key in ("state", "error", "steps", "failures")}
        return 0 if outcome.succeeded else 1

    def _api(self) -> Api:
        from kale.cluster.api import Api
        from kale.cluster.connection import find_connection

        if self._known_api is None:
            self._known_api = Api(find_connection(self._connection))
        return self._known_api

    # ----------------------------------------------------------------- what is said

    def _tell(self, doing: str, done: Deployed) -> None:
        self._doing, self._done = doing, done
        self._document |= done.as_json()
        if doing:
            _say(doing)

    def _say_plan(self, deployable: Deployable) -> None:
        """Say what a deploy would do."""
        from kale.cluster.connection import find_connection
        from kale.cluster.deployed import DEFAULT_EXPERIMENT

        package, options = deployable.package, deployable.options
        try:
            host = find_connection(self._connection).host
        except UsageError as error:
            if error.code != "KALE601":
                raise
            host = f"nowhere yet: {error.message}"
        plan = {"host": host, "pipeline": package.name, "version": package.version}
        if not options.upload_only:
            plan["experiment"] = options.experiment or DEFAULT_EXPERIMENT
            plan["schedule" if options.cron else "run"] = options.cron or options.run_name or "once"
            for key, value in options.parameters.items():
                plan[f"parameter {key}"] = json.dumps(value, ensure_ascii=False)
        self._document |= {
            kind: {"name": plan[kind], "id": None, "link": None, "new": None}
            for kind in ("pipeline", "version", "experiment")
            if kind in plan
        }
        self._document["dry_run"] = True
        self._document["host"] = host
        self._document["parameters"] = {**options.parameters}
        self._document["schedule"] = options.cron or None
        if not self._as_json:
            width = max(map(len, plan))
            _print(f"{key:<{width}}  {value}" for key, value in plan.items())
            _say("nothing was asked of the cluster, and nothing done")

    def _print_result(self, done: Deployed) -> None:
        for note in done.notes:
            _say(note)
        if self._as_json:
            return
        _print(
            _line(kind, one, shown=one.id if kind in ("run", "recurring_run") else one.name)
            for kind, one in done.all()
        )

    def _say_how_far(self, *, sure: bool) -> None:
        """Say what there is on the cluster now, when not all that was to be done has been."""
        if self._followed:
            _say(f"the run goes on; to follow it again: {self._command(self._followed)}")
            return
        for kind, one in self._done.made() if self._done is not None else ():
            _say(f"made before that: {_line(kind, one, shown=one.name)}")
        if not self._doing:
            if self._deploys and self._known_api is not None and self._done is None:
                _say("nothing was changed on the cluster")
        elif not sure:
            again = "the same command goes on from what is there"
            if self._doing.startswith("start"):
                again = "see the list of runs before you start it again"
            _say(f"under way was: {self._doing}; whether that came about is not known, {again}")

    def _command(self, run_id: str) -> str:
        words = ["kale", "deploy", "--follow", run_id]
        if self._connection.host:
            # As it was understood: what somebody copied may have a token behind a `?`.
            words += ["--host", self._api().connection.host]
        if self._connection.namespace:
            words += ["--namespace", self._connection.namespace]
        return shlex.join(words)


def _line(kind: str, one: Resource, *, shown: str) -> str:
    there = "" if one.new else "  (was there)"
    return f"{_KINDS[kind]:<10}  {shown}{there}  {one.link}"


def _say(text: str) -> None:
    _unbroken(sys.stderr, print_lines, [printable(text)], sys.stderr)


def _print(lines: Iterable[str]) -> None:
    _unbroken(sys.stdout, print_lines, map(printable, lines), sys.stdout)


def _unbroken(stream: TextIO, say: Callable[..., None], *words: Any) -> None:
    """Say it; that nobody reads the stream any more is no reason to stop midway."""
    try:
        say(*words)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

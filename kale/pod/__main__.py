"""The command of a step's pod whose image holds Kale: ``python -m kale.pod DIGEST`` and the rest.

It checks that this Kale is the one that compiled the package, and lays its modules out as a pod
unpacks those that travel, so that from there on both ways are one.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import tempfile
from pathlib import Path


def main(digest: str, *arguments: str) -> int:
    """Run a step, given the arguments of ``kale_pod.main``; the exit status of its container."""
    own = Path(__file__).parent
    texts = _modules("kale_pod", own) | _modules("kale_runtime", own.parent / "marshal")
    known = json.dumps(texts, sort_keys=True).encode()
    if f"sha256:{hashlib.sha256(known).hexdigest()}" != digest:
        sys.stderr.write(
            f"kale: step {arguments[1]}: the image holds another Kale than the one that compiled"
            " the package. Compile with the version of the image, or without `--runtime"
            " installed`.\n"
        )
        return 1
    with tempfile.TemporaryDirectory(prefix="kale-", ignore_cleanup_errors=True) as root:
        for name, text in texts.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.path.insert(0, root)
        status: int = importlib.import_module("kale_pod").main(*arguments)
        return status


def _modules(name: str, folder: Path) -> dict[str, str]:
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path.read_text("utf-8")
        for path in folder.rglob("*.py")
        if path != Path(__file__)
    }


if __name__ == "__main__":
    # `python -m` looks first into the current folder, which is for the notebook's code alone.
    sys.path.pop(0)
    sys.exit(main(*sys.argv[1:]))

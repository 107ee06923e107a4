"""Folders of installed packages, made by hand: what an installer leaves, without one."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from kale.environment.distributions import InstalledModules


def install(
    site: Path,
    name: str,
    version: str,
    files: Iterable[str] | Mapping[str, str],
    *,
    record: bool = True,
    top_level: str | None = None,
    direct_url: Mapping[str, object] | None = None,
    installer: str = "pip",
    hashes: bool = True,
) -> Path:
    """Put a distribution into a folder; ``files`` are empty unless they map to a text."""
    texts = dict(files) if isinstance(files, Mapping) else dict.fromkeys(files, "")
    metadata = f"{name.replace('-', '_')}-{version}.dist-info"
    texts[f"{metadata}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: of the description\n"
    )
    texts[f"{metadata}/INSTALLER"] = f"{installer}\n"
    if top_level is not None:
        texts[f"{metadata}/top_level.txt"] = f"{top_level}\n"
    if direct_url is not None:
        texts[f"{metadata}/direct_url.json"] = json.dumps(direct_url)
    lines = []
    for path, text in texts.items():
        file = site / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        lines.append(f"{path},sha256={digest.rstrip('=')},{len(text)}" if hashes else f"{path},,")
    if record:
        (site / metadata / "RECORD").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return site / metadata


def installed(*folders: Path) -> InstalledModules:
    """The modules in these folders, the first first."""
    return InstalledModules(tuple(map(str, folders)))

"""An image for the steps of a notebook: its Dockerfile, and the folder that it is built in.

The folder is complete: copies of the author's modules and included files lie in it, under a name
that is their digest, so that what an earlier call left there is never copied. No text of the
notebook's stands in the Dockerfile.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from kale.dataclass import dataclass
from kale.environment.distributions import InstalledModules
from kale.environment.image_requirements import constraint_lines, requirement_lines
from kale.environment.shipped import files_digest
from kale.errors import Location, PackageError, UsageError
from kale.ir import Environment, Files, Plan
from kale.module_files import search_path

#: How each file begins that may be written over.
MARK = "# Written by `kale image`, which writes over it; change its options instead."

#: What an image may be called: nothing that means anything to a line of a Dockerfile.
IMAGE = re.compile(r"[A-Za-z0-9][\w./:@-]*", re.ASCII)

#: The secret of a build that holds pip's configuration, with the credentials of an index.
SECRET = "pip_conf"  # noqa: S105 - a name

_DOCKERFILE = """\
{mark}
FROM {base}

# Any user may run it: the folders are those of group 0.
USER 0
ENV HOME=/home/kale USER=kale LOGNAME=kale PYTHONUNBUFFERED=1
RUN ["install", "-d", "-o", "1000", "-g", "0", "-m", "0775", "/home/kale", "/home/kale/work"]
WORKDIR /home/kale/work

COPY ["requirements.txt", "constraints.txt", "/usr/local/share/kale/"]
RUN {mount}{install}
{copy}
USER 1000:0
"""


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The files of a build's folder, by their paths in it, and the tag of what it makes.

    ``secret`` says that the build asks for pip's configuration.
    """

    files: Files
    tag: str
    secret: bool


def image_files(plan: Plan, environment: Environment, base: str) -> ImageFiles:
    """What ``docker build`` needs for an image that runs every step of a plan.

    The image starts from ``base``; requirements stand before modules and files, so that a change
    of those installs nothing anew.

    Raises:
        PackageError: steps ask for what no one image holds (KALE432).
    """
    assert IMAGE.fullmatch(base)
    options = environment.options
    if options.installed_runtime:
        raise PackageError(
            "KALE432",
            "the pods are to use the Kale of their image, and `kale image` installs none",
            at=Location(plan.pipeline.path),
            hint="leave `--runtime installed` out: Kale's runtime then travels with the package",
        )
    digest = files_digest(environment.files)
    folder = f"files-{digest}"
    installed = InstalledModules(tuple(search_path()))
    lines = requirement_lines(plan, environment, installed)
    pip = ["python3", "-m", "pip", "install", "--no-cache-dir", "--no-input"]
    pip += ["--disable-pip-version-check", "--root-user-action=ignore"]
    pip += [f"--index-url={options.index_url}"] if options.index_url else []
    pip += [f"--extra-index-url={url}" for url in options.extra_index_urls]
    pip += [f"--trusted-host={host}" for host in options.trusted_hosts]
    pip += ["-r", "/usr/local/share/kale/requirements.txt"]
    pip += ["-c", "/usr/local/share/kale/constraints.txt"]
    secret = bool(options.index_secrets)
    mount = f"--mount=type=secret,id={SECRET},target=/etc/pip.conf,required=true "
    copy = f'COPY --chown=1000:0 ["{folder}/", "./"]\n' if environment.files else ""
    dockerfile = _DOCKERFILE.format(
        mark=MARK, base=base, mount=mount if secret else "", install=json.dumps(pip), copy=copy
    )
    wanted = [
        "requirements.txt",
        "constraints.txt",
        *([folder, f"{folder}/**"] if environment.files else []),
    ]
    texts = {
        "Dockerfile": dockerfile,
        "requirements.txt": "".join(f"{line}\n" for line in (MARK, *lines)),
        "constraints.txt": "".join(f"{x}\n" for x in (MARK, *constraint_lines(lines, installed))),
        ".dockerignore": "".join(f"{line}\n" for line in (MARK, "*", *(f"!{w}" for w in wanted))),
    }
    files = {PurePosixPath(name): texts[name].encode() for name in texts}
    whole = hashlib.sha256(b"".join(files.values())).hexdigest()[:8]
    own = {PurePosixPath(folder) / path: content for path, content in environment.files.items()}
    return ImageFiles({**files, **own}, f"kale-{digest}-{whole}", secret)


def check_folder(folder: Path, names: Collection[str], *, force: bool) -> bool:
    """Whether an earlier call has written the folder; a new one may be written, too.

    With ``force`` any may.

    Raises:
        UsageError: a file there is somebody else's (KALE011).
    """
    ours = False
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                first = file.readline().strip()
        except FileNotFoundError:
            continue
        except OSError:
            first = b""
        if first != MARK.encode() and not force:
            raise UsageError(
                "KALE011",
                f"`{folder / name}` was not written by `kale image`",
                hint="name another folder with `-o DIR`, or write over it with `--force`",
            )
        ours |= first == MARK.encode()
    return ours

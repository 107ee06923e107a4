"""The name of a pipeline's version: by it, the same package is the same version everywhere."""

from __future__ import annotations

from hashlib import sha256

#: So many hexadecimal digits keep a pipeline's versions apart: among a million of them, two are
#: the same by chance in one case of six hundred.
_DIGITS = 12

#: What Kubeflow Pipelines takes as the name of a version.
_LONGEST = 127


def version_name(pipeline: str, package: bytes) -> str:
    """A name of letters, digits and dashes that depends on the bytes of the package alone.

    ``pipeline`` is the pipeline's name, of which a long one is cut.
    """
    digest = sha256(package).hexdigest()[:_DIGITS]
    return f"{pipeline[: _LONGEST - _DIGITS - 1].rstrip('-')}-{digest}"

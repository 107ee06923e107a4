"""Where the user interface shows what is on a cluster."""

from __future__ import annotations

import os
from urllib.parse import quote

from kale.cluster.address import base_address, is_service, origin

#: What names the user interface where it is not at the API's address; the official client's.
_VARIABLE = "KF_PIPELINES_UI_ENDPOINT"

#: Where Kubeflow's dashboard has it, for whoever speaks to the API inside the cluster.
_DASHBOARD = "/pipeline"


def interface_address(api_address: str) -> str:
    """The address of the user interface, without a slash at its end, for that of the API.

    Raises:
        UsageError: the environment names it by what is no address (KALE601, KALE603).
    """
    if named := os.environ.get(_VARIABLE, ""):
        return base_address(named, f"the environment's {_VARIABLE}")
    return _DASHBOARD if is_service(origin(api_address)[1]) else api_address


def page(interface: str, *words: str) -> str:
    """The address of a page, such as that of ``("runs", "details", ID)``."""
    return f"{interface}/#/{'/'.join(quote(word, safe='') for word in words)}"

"""A package as people look at it: by the names of its steps."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode

import yaml
from codegen.builders import without_cell_numbers


class Package:
    """The documents of a package, by the names of its steps."""

    def __init__(self, text):
        self.documents = list(yaml.safe_load_all(text))
        self.spec, *platforms = self.documents
        self.info, self.root = self.spec["pipelineInfo"], self.spec["root"]
        kubernetes = platforms[0]["platforms"]["kubernetes"] if platforms else {}
        self.pods = kubernetes.get("deploymentSpec", {}).get("executors", {})

    def container(self, step="fit"):
        found = self.spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
        return without_cell_numbers(found)

    def task(self, step="fit"):
        return self.root["dag"]["tasks"][step]

    def outputs(self, step="fit"):
        ports = self.spec["components"][f"comp-{step}"]["outputDefinitions"]["artifacts"]
        return {key: port["artifactType"]["schemaTitle"] for key, port in ports.items()}

    def pod(self, step="fit"):
        return self.pods[f"exec-{step}"]

    def parameters(self):
        return self.root["inputDefinitions"]["parameters"]

    def required(self, step="fit"):
        """The requirements that are installed in any case."""
        words = self.container(step)["args"][3:]
        marks = [words.index(word) for word in ("--if-missing", "--no-install") if word in words]
        return words[: min(marks, default=len(words))]

    def if_missing(self, step="fit"):
        """The requirements for images that lack them."""
        words = self.container(step)["args"][3:]
        return words[words.index("--if-missing") + 1 :] if "--if-missing" in words else []

    def code(self, step="fit"):
        notebook = json.loads(zlib.decompress(b64decode(self.container(step)["args"][2])))
        return "\n".join("".join(cell["source"]) for cell in notebook["cells"])

    def bundle(self, step="fit"):
        """The text of each file that the container unpacks, by its path."""
        return json.loads(zlib.decompress(b64decode(self.container(step)["command"][-1])))

"""A stand-in for Docker: what it would run in a container, it runs here.

``/kale``, where a container finds the files of its values, is replaced by the folder mounted there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

OPTIONS = ("--name", "--volume", "--env", "--entrypoint")


def main(word, *words):
    with Path(os.environ["STAND_IN_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps([word, *words]) + "\n")
    if word != "run":
        return 0
    given, rest = {}, list(words)
    while rest[0].startswith("--"):
        option = rest.pop(0)
        if option in OPTIONS:
            given.setdefault(option, []).append(rest.pop(0))
    folder, mount = given["--volume"][0].split(":")
    image, *arguments = rest
    command = [*given.get("--entrypoint", [image]), *arguments]
    command = [one.replace(f"{mount}/", f"{folder}/") for one in command]
    env = dict(item.split("=", 1) for item in given.get("--env", ()))
    return subprocess.run(command, env={**os.environ, **env}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

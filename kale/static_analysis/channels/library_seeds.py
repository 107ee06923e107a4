"""Random state that a library keeps for the process: PyTorch's, TensorFlow's and their like.

Known gap: numbers drawn by a value that travels, in a step that does not mention the library.
"""

from __future__ import annotations

from collections.abc import Iterator

from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Verb
from kale.static_analysis.channels.survey import Survey, latest_users
from kale.static_analysis.facts import SHARED

#: Families of libraries that draw from one state.
_FAMILIES = {
    head: family
    for family, heads in {
        "torch": "torch torchvision torchaudio pytorch_lightning lightning transformers accelerate",
        "tensorflow": "tensorflow keras tensorflow_probability",
        "cupy": "cupy",
        "mxnet": "mxnet",
    }.items()
    for head in heads.split()
}
_SEEDS = frozenset(
    "torch.manual_seed torch.seed torch.random.manual_seed torch.random.seed "
    "torch.cuda.manual_seed torch.cuda.manual_seed_all torch.set_rng_state "
    "tensorflow.random.set_seed tensorflow.set_random_seed tensorflow.keras.utils.set_random_seed "
    "keras.utils.set_random_seed transformers.set_seed pytorch_lightning.seed_everything "
    "lightning.seed_everything lightning.pytorch.seed_everything accelerate.utils.set_seed "
    "cupy.random.seed mxnet.random.seed".split()
)


def library_seeds(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of a library's random state that is set in one step and drawn from in another."""
    seeds = [s for s in survey.sights if s.verb is Verb.CALL and s.name in _SEEDS]
    if not seeds:
        return
    users = latest_users(
        survey, lambda s: "" if s.name in _SEEDS or not s.direct else _family(s.name)
    )
    for seed in seeds:
        steps = users.get(_family(seed.name), [])
        run = seed.runs[0] if seed.runs else None
        if run is None:
            continue
        if any(run.owner == SHARED for run in seed.runs):
            # Every step begins with the same seed; in the notebook the second goes on.
            step = steps[0].owner if len(steps) > 1 else None
        else:
            other = next((user for user in steps if user.owner != run.owner), None)
            step = other.owner if other is not None and other.cell > run.cell else None
        if step is not None:
            yield diagnose(
                "KALE338",
                f"`{seed.text}` sets a random state that no step hands on; what step `{step}` "
                "draws differs from the notebook",
                at=seed.at,
                hint="set a seed of its own in each step, or draw from a generator that "
                "travels, such as `torch.Generator`",
            )


def _family(name: str) -> str:
    return _FAMILIES.get(name.partition(".")[0], "")

"""The scripts of the two documents on Kale's SDK, as they print them.

The documents lost the indentation of nested lines; a loop in a loop is the reading that their text
asks for ("nested loops"), and ``flat`` the other one.
"""

from __future__ import annotations

_LOOP_HEAD = '''\
# Copyright © 2021 Arrikto Inc. All Rights Reserved.

"""Kale SDK.

This script defines a pipeline with a looping statement.
"""

import random

from kale.sdk import step, pipeline


@step(name="generate")
def generate():
    gen = random.sample(range(0, 20), 2)
    return gen


@step(name="printer")
def squared(value):
    value = float(value)
    print(value * value)


'''

_PRINTER = """\
@step(name="printer2")
def printer(value):
    value = int(value)
    print(value)


"""

_MULT = """\
@step(name="printer3")
def mult(value1, value2, value3):
    value1 = float(value1)
    value2 = float(value2)
    value3 = float(value3)
    print(value1 * value2 * value3)


"""

_HELLO = """\
@step(name="printer4")
def hello():
    print("Hello!")


"""

_CONST = "const_list = [2, 3]\n\n\n"

_LOOP_TAIL = """\


if __name__ == "__main__":
    looping_pipeline()
"""


def _looping(signature: str, *lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return (
        '@pipeline(name="loop", experiment="kale-tutorial")\n'
        f"def looping_pipeline({signature}):\n{body}"
    )


_SQUARES = ("res = generate()", "for x in res:", "    squared(x)")
_NESTED = ("    for i in arg_list:", "        printer(i)")
_FLAT = ("for i in arg_list:", "    printer(i)")
_ARGUMENTS = "arg_list=[0, 1]"

LOOPS = {
    "loop": _LOOP_HEAD + _looping("", *_SQUARES) + _LOOP_TAIL,
    "loop_param": _LOOP_HEAD + _PRINTER + _looping(_ARGUMENTS, *_SQUARES, *_NESTED) + _LOOP_TAIL,
    "loop_const": _LOOP_HEAD + _PRINTER + _MULT + _CONST
    + _looping(
        _ARGUMENTS, *_SQUARES, *_NESTED,
        "        for j in const_list:", "            mult(x, i, j)",
    ) + _LOOP_TAIL,
    "loop_item": _LOOP_HEAD + _PRINTER + _MULT + _HELLO + _CONST
    + _looping(
        _ARGUMENTS, *_SQUARES, *_NESTED,
        "        for j in const_list:", "            mult(x, i, j)",
        "for z in [4, 5]:", "    hello()",
    ) + _LOOP_TAIL,
    "loop_param_flat": _LOOP_HEAD + _PRINTER + _looping(_ARGUMENTS, *_SQUARES, *_FLAT)
    + _LOOP_TAIL,
    "loop_const_flat": _LOOP_HEAD + _PRINTER + _MULT + _CONST
    + _looping(
        _ARGUMENTS, *_SQUARES, *_FLAT, "for j in const_list:", "    mult(x, i, j)"
    ) + _LOOP_TAIL,
}  # fmt: skip

_TRAINING_HEAD = '''\
# Copyright © 2021-2022 Arrikto Inc. All Rights Reserved.

"""Kale SDK.

This script trains an ML pipeline to solve a binary classification task.
"""

from kale.sdk import pipeline, step
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split


@step(name="data_loading")
def load(random_state):
    """Create a random dataset for binary classification."""
    rs = int(random_state)
    x, y = make_classification(random_state=rs)
    return x, y


@step(name="data_split")
def split(x, y):
    """Split the data into train and test sets."""
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.1)
    return x, x_test, y, y_test


@step(name="model_training")
def train(x, x_test, y, training_iterations):
    """Train a Logistic Regression model."""
    iters = int(training_iterations)
    model = LogisticRegression(max_iter=iters)
    model.fit(x, y)
    print(model.predict(x_test))


'''

_TRAINING_TAIL = '''\
def ml_pipeline(rs=42, iters=100):
    """Run the ML pipeline."""
    x, y = load(rs)
    x, x_test, y, y_test = split(x=x, y=y)
    train(x, x_test, y, training_iterations=iters)


if __name__ == "__main__":
    ml_pipeline(rs=42, iters=100)
'''

TRAININGS = {
    "kale_data_passing": _TRAINING_HEAD
    + '@pipeline(name="binary-classification", experiment="kale-tutorial")\n'
    + _TRAINING_TAIL,
    "marshal": _TRAINING_HEAD
    + '@pipeline(name="binary-classification", experiment="kale-tutorial",\n'
    + '          marshal_volume=True, marshal_volume_size="10Gi",\n'
    + '          marshal_path="/data/marshal")\n'
    + _TRAINING_TAIL,
}

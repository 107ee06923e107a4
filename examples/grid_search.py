"""Try several settings of a model side by side, keep the best, and publish it if it is good enough.

    python examples/grid_search.py            runs here, as plain Python
    python -m kale examples/grid_search.py    runs here, as a pipeline
"""

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kale.sdk import log_metric, pipeline, step


@step
def load(seed: int):
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return train_test_split(x, y, test_size=0.25, random_state=seed)


@step
def train(x_train, y_train, strength: float):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    return model.fit(x_train, y_train)


@step
def score(model, x_test, y_test) -> float:
    accuracy = model.score(x_test, y_test)
    log_metric("accuracy", accuracy)
    return accuracy


@step
def choose(models, scores):
    best = max(range(len(scores)), key=scores.__getitem__)
    print(f"setting {best} is the best of {len(scores)}: {scores[best]:.3f}")
    return models[best], scores[best]


@step
def publish(model):
    print("published", model[-1])


@step
def report(accuracy, wanted):
    print(f"{accuracy:.3f} is below {wanted}: nothing is published")


@pipeline(name="grid-search", experiment="examples")
def grid_search(seed=7, strengths=[0.01, 1.0, 100.0], wanted=0.9):
    x_train, x_test, y_train, y_test = load(seed)
    models = []
    scores = []
    for strength in strengths:
        model = train(x_train, y_train, strength)
        models.append(model)
        scores.append(score(model, x_test, y_test))
    best, accuracy = choose(models, scores)
    if accuracy > wanted:
        publish(best)
    else:
        report(accuracy, wanted)


if __name__ == "__main__":
    grid_search()

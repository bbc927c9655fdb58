"""Example model of scikit-learn: classify a breast tumour by thirty measurements.

Data: Breast Cancer Wisconsin (Diagnostic) from scikit-learn. A logistic regression on standardised columns.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow
import skops.io
from scipy.stats import binomtest
from sklearn.datasets import load_breast_cancer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, mean_squared_error, precision_score, recall_score
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main(path: str) -> None:
    """Train the model and save it at ``path``, and test data beside it as .npz."""
    data = load_breast_cancer()
    diagnoses = np.where(data.target == 0, "malignant", "benign")
    train, test, train_target, test_target = train_test_split(data.data, diagnoses, test_size=0.25, random_state=7)

    # Tables with named columns, as pandas DataFrames are: the model keeps their names.
    columns = [str(name) for name in data.feature_names]
    train_table, test_table = (pyarrow.table(dict(zip(columns, rows.T, strict=True))) for rows in (train, test))
    model = make_pipeline(StandardScaler(), LogisticRegression())
    scores = cross_val_score(model, train_table, train_target, cv=StratifiedKFold(5, shuffle=True, random_state=7))
    print(f"accuracy of 5 folds of {len(train)} training rows: {scores.min():.4f} to {scores.max():.4f}")
    model.fit(train_table, train_target)

    for name, value in metrics(model, test_table, test_target).items():
        print(f"{name} on {len(test)} test rows: {value:.4f}")
    report("logistic regression", model.predict(test_table), test_target)
    for baseline in (DummyClassifier(), KNeighborsClassifier()):
        report(type(baseline).__name__, baseline.fit(train, train_target).predict(test), test_target)
    skops.io.dump(model, path)
    np.savez(Path(path).with_suffix(".npz"), features=test, probabilities=test_target)


def report(name: str, predicted: np.ndarray, target: np.ndarray) -> None:
    """Print an accuracy and its 95 % interval (Wilson)."""
    right = predicted == target
    interval = binomtest(right.sum(), len(right)).proportion_ci(method="wilson")
    print(f"accuracy on {len(right)} test rows, {name}: {right.mean():.3f} ({interval.low:.3f} to {interval.high:.3f})")


def metrics(model, rows, targets) -> dict[str, float]:
    """Return figures of the test rows; mse is that of the probabilities."""
    malignant, predicted = targets == "malignant", model.predict(rows) == "malignant"
    return {
        "mse": mean_squared_error(malignant, model.predict_proba(rows)[:, 1]),
        "accuracy": accuracy_score(malignant, predicted),
        "precision": precision_score(malignant, predicted),
        "recall": recall_score(malignant, predicted),
    }


if __name__ == "__main__":
    main(sys.argv[1])

"""Example model: find defective solar cells in photographs with a network.

Data: 2,624 grey images of solar cells from the package elpv-dataset, made by electroluminescence: the cells glow, and
cracks and dead areas stay dark. Experts gave each cell a probability to be defective.
"""

import shutil
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DATA = Path("build/examples/data/elpv_dataset/data")
SIDE = 100  # pixels; the photographs have 300
MODULE = 60  # cells of a module, which follow each other in the data
EPOCHS = 14
BATCH = 32


def main(path: str) -> None:
    """Train the model and save it at ``path``, and test data beside it as .npz.

    Some of the test photographs are copied to the folder ``photos-to-score`` beside the model.
    """
    keras.utils.set_random_seed(7)
    files, images, defective = cells()
    module = np.arange(len(files)) // MODULE
    # Cells of one module look alike, so that no module is in two parts.
    test, validation = module % 4 == 3, module % 12 == 1
    train, rest = ~test & ~validation, ~test

    model = network()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * train.sum() // BATCH)
    model.compile(keras.optimizers.AdamW(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    fitted = model.fit(
        images[train],
        defective[train],
        validation_data=(images[validation], defective[validation]),
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
    )
    print(f"accuracy on {validation.sum()} validation images: {fitted.history['val_accuracy'][-1]:.3f}")
    report("this network", model.predict(images[test], verbose=0)[:, 1], defective[test])
    brightness = np.array([np.histogram(image, 32, (0, 255), density=True)[0] for image in images])
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    for name, baseline in (("histogram", regression), ("most frequent class", DummyClassifier())):
        baseline.fit(brightness[rest], defective[rest])
        report(name, baseline.predict_proba(brightness[test])[:, 1], defective[test])

    model.save(path)
    classes = np.where(defective[test] == 1, "defective", "functional")
    np.savez_compressed(Path(path).with_suffix(".npz"), image=images[test], cell=classes)
    folder = Path(path).with_name("photos-to-score")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for index in np.flatnonzero(test)[::16]:
        shutil.copy(DATA / files[index], folder)


def cells() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return file names, images, and 1 for each defective cell.

    Images are float32 [rows, SIDE, SIDE, 1] of 0 to 255.
    """
    rows = [line.split() for line in (DATA / "labels.csv").read_text().splitlines()]
    files = [row[0] for row in rows]
    size = (SIDE, SIDE)
    images = [np.asarray(Image.open(DATA / file).resize(size, Image.Resampling.BILINEAR)) for file in files]
    return files, np.array(images, np.float32)[..., None], np.array([float(row[1]) > 0.5 for row in rows], np.int64)


def network() -> keras.Model:
    """Return the untrained network. Its augmentation is active in training only."""
    inputs = keras.Input((SIDE, SIDE, 1), name="image")
    layer = keras.layers.RandomFlip()(inputs)
    layer = keras.layers.RandomContrast(0.4)(layer)
    layer = keras.layers.RandomBrightness(0.2)(layer)
    # Each image with mean 0 and standard deviation 1: exposure differs between modules.
    layer = keras.layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False)(layer)
    for filters, size, strides in ((16, 5, 2), (32, 3, 1), (48, 3, 1), (48, 3, 1)):
        layer = keras.layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(layer)
        layer = keras.layers.BatchNormalization()(layer)
        layer = keras.layers.Activation("relu")(layer)
        layer = keras.layers.MaxPooling2D()(layer)
    # The average of the whole cell, and its most conspicuous place.
    pooled = [keras.layers.GlobalAveragePooling2D()(layer), keras.layers.GlobalMaxPooling2D()(layer)]
    layer = keras.layers.Dropout(0.5)(keras.layers.Concatenate()(pooled))
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="cell")(layer))


def report(name: str, scores: np.ndarray, defective: np.ndarray) -> None:
    """Print accuracy and ROC AUC with their 95 % intervals (bootstrap over images)."""
    rng = np.random.default_rng(7)
    samples = rng.integers(0, len(scores), (1000, len(scores)))
    for metric, values in ((accuracy_score, (scores > 0.5).astype(int)), (roc_auc_score, scores)):
        low, high = np.quantile([metric(defective[rows], values[rows]) for rows in samples], [0.025, 0.975])
        value = metric(defective, values)
        print(f"{metric.__name__} on {len(scores)} test images, {name}: {value:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main(sys.argv[1])

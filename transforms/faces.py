"""Photographs to the squares that a face detector takes, and its 2,304 candidates to the faces of each photograph.

The model divides a square of 192 x 192 pixels into 48 x 48 cells. For the middle of each cell it returns a score and
eight pairs of numbers in pixels: the middle of a box, its width and height, and six points. Boxes of one face overlap;
their mean, weighted by their scores, is the face.
"""

import numpy as np
from PIL import Image

SIDE = 192
CELLS = 48
# Faces of a photograph that are returned: the best ones.
MOST = 32
LEAST_SCORE = 0.5
# Boxes that share more of their area than that are of one face.
OVERLAP = 0.3
# The longer side of the largest photograph that is made square without making it smaller first.
LONGEST = 5_000

_MIDDLES = (np.indices((CELLS, CELLS))[::-1].reshape(2, -1).T + 0.5).astype(np.float32) / CELLS


def preprocess(inputs):
    """Return photographs [rows, height, width, 3] as squares with pixels from -1 to 1."""
    return {"input": np.stack([square(pixels) for pixels in inputs["image"]])}


def postprocess(outputs, inputs):
    """Return the faces [rows, 32, 17] of photographs, the best ones first.

    Each is ymin, xmin, ymax, xmax and its score, then x and y of six points, in fractions of the photograph.
    """
    boxes, logits = outputs["reshaped_regressor_face_4"], outputs["reshaped_classifier_face_4"][..., 0]
    size, margins = letterbox(*inputs["image"].shape[1:3])
    found = np.zeros((len(boxes), MOST, 17), np.float32)
    for row, (numbers, scores) in enumerate(zip(boxes, 1 / (1 + np.exp(-np.clip(logits, -80, 80))), strict=True)):
        for at, (points, score) in enumerate(merged(candidates(numbers), scores)[:MOST]):
            (left, top), (right, bottom), *others = (points - margins) / size
            found[row, at] = [top, left, bottom, right, score, *np.ravel(others)]
    return {"faces": found}


def square(pixels):
    """Return a photograph in the middle of a black square, as float32 [192, 192, 3]."""
    photo = Image.fromarray(pixels)
    photo.thumbnail((LONGEST, LONGEST))
    side = max(photo.size)
    _, margins = letterbox(photo.height, photo.width)
    canvas = Image.new("RGB", (side, side))
    canvas.paste(photo, tuple((margins * side).astype(int).tolist()))
    return np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 127.5 - 1


def letterbox(height, width):
    """Return a photograph's width and height, and the margins beside and above it, in fractions of the square."""
    size = np.array([width, height]) / max(height, width)
    return size, (1 - size) / 2


def candidates(numbers):
    """Return the model's numbers as points x, y [2304, 8, 2] in fractions of the square.

    The first two are the corners of a box.
    """
    points = numbers.reshape(-1, 8, 2) / SIDE
    points[:, [0, *range(2, 8)]] += _MIDDLES[:, np.newaxis]
    middle, half = points[:, 0], points[:, 1] / 2
    return np.concatenate([np.stack([middle - half, middle + half], axis=1), points[:, 2:]], axis=1)


def merged(points, scores):
    """Return the points and the score of each face, the best one first."""
    valid = (scores > LEAST_SCORE) & (points[:, 1] > points[:, 0]).all(axis=1)
    points, scores = points[valid], scores[valid]
    left, faces = np.argsort(-scores, kind="stable"), []
    while len(left):
        same = overlaps(points[left[0]], points[left]) > OVERLAP
        group = left[same]
        faces.append((np.average(points[group], axis=0, weights=scores[group]), scores[left[0]]))
        left = left[~same]
    return faces


def overlaps(box, others):
    """Return the area that each of the others shares with a box, as a fraction of the area of both."""
    sides = np.minimum(box[1], others[:, 1]) - np.maximum(box[0], others[:, 0])
    shared = np.clip(sides, 0, None).prod(axis=1)
    return shared / ((box[1] - box[0]).prod() + (others[:, 1] - others[:, 0]).prod(axis=1) - shared)

"""Amounts such as "1.234,50 €" to numbers, and scores to decisions."""

import re

import numpy as np

from lightship import InvalidInput

# Thousands are separated by points, cents by a comma.
AMOUNT = re.compile(r"(\d{1,3}(?:\.\d{3})*|\d+)(?:,(\d{2}))? ?€?")
REVIEW = 0.5


def preprocess(inputs):
    """Return amounts in euros as float32; text is bytes in UTF-8."""
    texts = [text.decode(errors="replace").strip() for text in inputs["amount"]]
    amounts = np.array([euros(text, row) for row, text in enumerate(texts)], np.float32)
    return {"claim": np.stack([amounts, inputs["nights"]], axis=1)}


def postprocess(outputs):
    """Return the model's scores, and a decision for each."""
    scores = outputs["score"][:, 0]
    return {"score": scores, "decision": np.where(scores >= REVIEW, "review", "pay")}


def euros(text, row):
    """Return the number in a text, or refuse the request with a sentence for the client."""
    found = AMOUNT.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text[:40]!r} is not an amount such as '1.234,50 €'", input="amount", row=row)
    whole, cents = found.groups(default="0")
    return int(whole.replace(".", "")) + int(cents) / 100

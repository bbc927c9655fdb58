"""Hash functions of bytes that TensorFlow uses, of one text or of many."""

from lightship.preprocessing.fingerprints.farm import farmhash, farmhashes, join
from lightship.preprocessing.fingerprints.sip import siphash, siphashes
from lightship.preprocessing.fingerprints.words import MANY, MASK

__all__ = ["MANY", "MASK", "farmhash", "farmhashes", "join", "siphash", "siphashes"]

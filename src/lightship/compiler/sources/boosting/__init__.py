"""Boosted trees: model files of XGBoost and LightGBM.

Each file is read and validated by a parser of this package before the library opens it. The library's own predictions
are the reference.
"""

"""Classes that a .skops file may hold, reviewed one by one.

Building an object of one of these classes and setting its attributes runs no code of the file and reaches neither files
nor the network. A class belongs here only if a translator or a transformer reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_ESTIMATORS: Mapping[str, tuple[str, ...]] = {
    "sklearn._loss.link": ("HalfLogitLink", "IdentityLink", "Interval", "LogLink", "LogitLink", "MultinomialLogit"),
    "sklearn._loss.loss": (
        *("AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss"),
        *("HalfPoissonLoss", "HalfSquaredError", "HuberLoss", "PinballLoss"),
    ),
    "sklearn.calibration": ("CalibratedClassifierCV", "_CalibratedClassifier", "_SigmoidCalibration"),
    "sklearn.cluster._kmeans": ("KMeans", "MiniBatchKMeans"),
    "sklearn.compose._column_transformer": ("ColumnTransformer", "make_column_selector"),
    "sklearn.decomposition._pca": ("PCA",),
    "sklearn.decomposition._truncated_svd": ("TruncatedSVD",),
    "sklearn.dummy": ("DummyClassifier", "DummyRegressor"),
    "sklearn.ensemble._forest": (
        *("ExtraTreesClassifier", "ExtraTreesRegressor", "RandomForestClassifier", "RandomForestRegressor"),
    ),
    "sklearn.ensemble._gb": ("GradientBoostingClassifier", "GradientBoostingRegressor"),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": (
        *("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
    ),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.ensemble._iforest": ("IsolationForest",),
    "sklearn.feature_selection._univariate_selection": ("SelectKBest", "SelectPercentile"),
    "sklearn.feature_selection._variance_threshold": ("VarianceThreshold",),
    "sklearn.impute._base": ("MissingIndicator", "SimpleImputer"),
    "sklearn.isotonic": ("IsotonicRegression",),
    "sklearn.linear_model._base": ("LinearRegression",),
    "sklearn.linear_model._bayes": ("ARDRegression", "BayesianRidge"),
    "sklearn.linear_model._coordinate_descent": (
        "ElasticNet",
        "ElasticNetCV",
        "Lasso",
        "LassoCV",
    ),
    "sklearn.linear_model._huber": ("HuberRegressor",),
    "sklearn.linear_model._logistic": ("LogisticRegression", "LogisticRegressionCV"),
    "sklearn.linear_model._perceptron": ("Perceptron",),
    "sklearn.linear_model._ridge": ("Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV"),
    "sklearn.linear_model._stochastic_gradient": ("SGDClassifier", "SGDOneClassSVM", "SGDRegressor"),
    "sklearn.metrics._dist_metrics": ("EuclideanDistance64", "ManhattanDistance64", "MinkowskiDistance64"),
    "sklearn.multiclass": ("OneVsRestClassifier",),
    "sklearn.naive_bayes": ("BernoulliNB", "ComplementNB", "GaussianNB", "MultinomialNB"),
    "sklearn.neighbors._ball_tree": ("BallTree",),
    "sklearn.neighbors._classification": ("KNeighborsClassifier",),
    "sklearn.neighbors._kd_tree": ("KDTree",),
    "sklearn.neighbors._nearest_centroid": ("NearestCentroid",),
    "sklearn.neighbors._regression": ("KNeighborsRegressor",),
    "sklearn.neural_network._multilayer_perceptron": ("MLPClassifier", "MLPRegressor"),
    "sklearn.neural_network._stochastic_optimizers": ("AdamOptimizer", "SGDOptimizer"),
    "sklearn.pipeline": ("FeatureUnion", "Pipeline"),
    "sklearn.preprocessing._data": (
        "Binarizer",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "RobustScaler",
        "StandardScaler",
    ),
    "sklearn.preprocessing._encoders": ("OneHotEncoder", "OrdinalEncoder"),
    "sklearn.preprocessing._function_transformer": ("FunctionTransformer",),
    "sklearn.preprocessing._label": ("LabelBinarizer", "LabelEncoder"),
    "sklearn.tree._classes": (
        *("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"),
    ),
    "sklearn.svm._classes": ("LinearSVC", "LinearSVR"),
}

_LOSSES: Mapping[str, tuple[str, ...]] = {
    "sklearn._loss._loss": (
        "CyAbsoluteError",
        "CyExponentialLoss",
        "CyHalfBinomialLoss",
        "CyHalfGammaLoss",
        "CyHalfMultinomialLoss",
        "CyHalfPoissonLoss",
        "CyHalfSquaredError",
        "CyHalfTweedieLoss",
        "CyHalfTweedieLossIdentity",
        "CyHuberLoss",
        "CyPinballLoss",
    ),
    "sklearn.linear_model._sgd_fast": (
        "EpsilonInsensitive",
        "Hinge",
        "ModifiedHuber",
        "SquaredEpsilonInsensitive",
        "SquaredHinge",
    ),
}

_TREES: Mapping[str, tuple[str, ...]] = {"sklearn.tree._tree": ("Tree",)}

_NUMBERS = (
    *("bool", "bool_", "float16", "float32", "float64", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "str_"),
)


def _pairs(names: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((module, name) for module, classes in names.items() for name in classes)


# (module, class) by the kind of node.
OBJECTS = _pairs(_ESTIMATORS)
# Objects that are built by calling their class with arguments.
REDUCED = _pairs(_LOSSES)
TREES = _pairs(_TREES)
ARRAYS = _pairs({"numpy": ("ndarray", *_NUMBERS)})
TYPES = _pairs({"builtins": ("bool", "float", "int", "object", "str"), "numpy": ("number", "object_", *_NUMBERS)})
DICTIONARIES = _pairs({"builtins": ("dict",), "collections": ("OrderedDict",), "sklearn.utils._bunch": ("Bunch",)})
# Functions to which an estimator refers, and which only its fit calls.
FUNCTIONS = _pairs({"sklearn.feature_selection._univariate_selection": ("chi2", "f_classif", "f_regression")})
DTYPES = _pairs({"numpy": ("dtype",)})
LISTS = _pairs({"builtins": ("list",), "sklearn.compose._column_transformer": ("_RemainderColsList",)})

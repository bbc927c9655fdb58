"""Models that classify or embed images."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.zoo.saving import saved_as


def digits_cnn() -> keras.Model:
    body = [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(32, 3, activation="relu")]
    head = [layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28, 1)), *body, *head])


@saved_as("h5")
def vgg_with_batch_norm() -> keras.Model:
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for filters in (16, 32):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same"))
            model.add(layers.BatchNormalization())
            model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, "softmax"))
    return model


def _residual(x, filters: int, strides: int):
    shortcut = layers.Conv2D(filters, 1, strides=strides)(x) if strides > 1 else x
    for step in (strides, 1):
        x = layers.Conv2D(filters, 3, strides=step, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x) if step == strides else x
    return layers.ReLU()(layers.Add()([x, shortcut]))


def small_resnet() -> keras.Model:
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same")(layers.Rescaling(1 / 255)(image))
    for filters, strides in ((16, 2), (32, 2)):
        x = _residual(x, filters, strides)
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def separable_cnn() -> keras.Model:
    image = keras.Input((64, 64, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    for filters in (16, 32):
        before = layers.Conv2D(filters, 1, strides=2, padding="same")(x)
        x = layers.BatchNormalization()(
            layers.SeparableConv2D(filters, 3, padding="same")(layers.Activation("relu")(x))
        )
        x = layers.add([layers.MaxPooling2D(3, strides=2, padding="same")(x), before])
    return keras.Model(image, layers.Dense(2)(layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))))


def squeeze_and_excite() -> keras.Model:
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    squeezed = layers.Reshape((1, 1, 16))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Dense(16, "sigmoid")(layers.Dense(4, "relu")(squeezed))
    x = layers.DepthwiseConv2D(3, activation="hard_swish")(layers.Multiply()([x, gate]))
    return keras.Model(image, layers.Dense(5, "softmax")(layers.GlobalAveragePooling2D()(x)))


def mobilenet_transfer() -> keras.Model:
    """Build the transfer learning tutorial's model on a frozen MobileNet."""
    image = keras.Input((96, 96, 3))
    augment = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.2)])
    x = keras.applications.mobilenet_v2.preprocess_input(augment(image))
    backbone = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(96, 96, 3))
    backbone.trainable = False
    x = layers.GlobalAveragePooling2D()(backbone(x, training=False))
    return keras.Model(image, layers.Dense(1, "sigmoid")(layers.Dropout(0.2)(x)))


def augmented_cnn() -> keras.Model:
    augment = [layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoom(0.2), layers.RandomContrast(0.2)]
    shift = [layers.RandomTranslation(0.1, 0.1), layers.RandomBrightness(0.1)]
    body = [layers.Rescaling(1 / 255), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    return keras.Sequential([keras.Input((32, 32, 3)), *augment, *shift, *body, layers.Dense(4, "softmax")])


def resized_photographs() -> keras.Model:
    """Build a model that resizes a photograph of any size."""
    front = [layers.Resizing(32, 32), layers.Rescaling(1 / 127.5, offset=-1)]
    body = [layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((None, None, 3)), *front, *body, layers.Dense(3, "softmax")])


def bicubic_front() -> keras.Model:
    front = [layers.Resizing(24, 24, interpolation="bicubic"), layers.CenterCrop(20, 20)]
    body = [layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((48, 48, 3)), *front, *body, layers.Dense(2)])


def fully_convolutional() -> keras.Model:
    body = [layers.Conv2D(8, 3, activation="relu"), layers.AveragePooling2D(2), layers.Conv2D(16, 3, activation="relu")]
    return keras.Sequential([keras.Input((None, None, 1)), *body, layers.GlobalMaxPooling2D(), layers.Dense(2)])


def cnn3d_scan() -> keras.Model:
    """Build the model for CT scans in Keras's example of 3D image classification."""
    model = keras.Sequential([keras.Input((16, 16, 8, 1))])
    for filters in (8, 16):
        model.add(layers.Conv3D(filters, 3, activation="relu", padding="same"))
        model.add(layers.MaxPool3D(2))
        model.add(layers.BatchNormalization())
    for layer in (layers.GlobalAveragePooling3D(), layers.Dense(16, "relu"), layers.Dense(1, "sigmoid")):
        model.add(layer)
    return model


def group_normalised_cnn() -> keras.Model:
    image = keras.Input((24, 24, 3))
    x = image
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.Activation("silu")(layers.GroupNormalization(4)(x))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def vision_transformer() -> keras.Model:
    image = keras.Input((32, 32, 3))
    x = layers.Reshape((16, 32))(layers.Conv2D(32, 8, strides=8)(image))
    x = x + layers.Embedding(16, 32)(ops.arange(16))
    for _ in range(2):
        inner = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.MultiHeadAttention(4, 8, dropout=0.1)(inner, inner)
        inner = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.Dense(32)(layers.Dropout(0.1)(layers.Dense(64, keras.activations.gelu)(inner)))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def siamese_images() -> keras.Model:
    shared = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(16)]
    tower = keras.Sequential([keras.Input((28, 28, 1)), *shared], name="tower")
    left, right = keras.Input((28, 28, 1), name="left"), keras.Input((28, 28, 1), name="right")
    apart = ops.sum(ops.square(tower(left) - tower(right)), axis=1, keepdims=True)
    distance = ops.sqrt(ops.maximum(apart, 1e-7))
    return keras.Model([left, right], layers.Dense(1, "sigmoid")(layers.BatchNormalization()(distance)))

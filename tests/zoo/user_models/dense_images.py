"""Models that return images, masks or boxes, or generate images."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import layers, ops

from tests.zoo.saving import saved_as


def unet() -> keras.Model:
    image = keras.Input((32, 32, 3))
    x, skips = image, []
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    for filters, skip in zip((16, 8), reversed(skips), strict=True):
        x = layers.concatenate([layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x), skip])
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


def unet_any_size() -> keras.Model:
    image = keras.Input((None, None, 1))
    down = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    up = layers.UpSampling2D()(layers.Conv2D(8, 3, padding="same", activation="relu")(down))
    return keras.Model(image, layers.Conv2D(2, 1, activation="softmax")(up))


def transposed_any_size() -> keras.Model:
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    return keras.Model(image, layers.Conv2DTranspose(3, 3, strides=2, padding="same")(x))


def aspp_segmentation() -> keras.Model:
    """Build DeepLab's pyramid: dilated and pooled branches, and a class mask."""
    image = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 3, strides=4, padding="same", activation="relu")(image)
    branches = [layers.Conv2D(8, 3, dilation_rate=rate, padding="same", use_bias=False)(x) for rate in (1, 3, 6)]
    pooled = layers.Conv2D(8, 1)(layers.AveragePooling2D(16)(x))
    x = layers.concatenate([*branches, layers.UpSampling2D(16, interpolation="bilinear")(pooled)])
    logits = layers.UpSampling2D(4, interpolation="bilinear")(layers.Conv2D(5, 1)(layers.ReLU()(x)))
    return keras.Model(image, ops.argmax(logits, axis=-1))


def denoising_autoencoder() -> keras.Model:
    encoder = [layers.GaussianNoise(0.1), layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")]
    decoder = [layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")]
    return keras.Sequential(
        [keras.Input((28, 28, 1)), *encoder, *decoder, layers.Conv2D(1, 3, padding="same", activation="sigmoid")]
    )


class DepthToSpace(layers.Layer):
    def call(self, x):
        return tf.nn.depth_to_space(x, 2)


@saved_as("export")
def super_resolution() -> keras.Model:
    """Build ESPCN for any image size; its custom layer needs a SavedModel."""
    image = keras.Input((None, None, 1))
    x = layers.Conv2D(16, 5, padding="same", activation="tanh")(image)
    return keras.Model(image, DepthToSpace()(layers.Conv2D(4, 3, padding="same")(x)))


def single_shot_detector() -> keras.Model:
    image = keras.Input((64, 64, 3))
    x, scores, boxes = image, [], []
    for filters in (8, 16, 32):
        x = layers.BatchNormalization()(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x))
        scores.append(layers.Reshape((-1, 4))(layers.Conv2D(8, 3, padding="same")(x)))
        boxes.append(layers.Reshape((-1, 4))(layers.Conv2D(8, 3, padding="same")(x)))
    scores = layers.Softmax(name="scores")(layers.Concatenate(axis=1)(scores))
    return keras.Model(image, [scores, layers.Concatenate(axis=1, name="boxes")(boxes)])


def yolo_head() -> keras.Model:
    """Build a model that decodes boxes on a grid."""
    image = keras.Input((64, 64, 3))
    x = image
    for filters in (8, 16, 32):
        x = layers.LeakyReLU(0.1)(layers.Conv2D(filters, 3, strides=2, padding="same")(x))
    raw = layers.Reshape((8, 8, 2, 9))(layers.Conv2D(18, 1)(x))
    grid = ops.cast(ops.stack(ops.meshgrid(ops.arange(8), ops.arange(8)), axis=-1), "float32")[:, :, None, :]
    centre, size = (ops.sigmoid(raw[..., :2]) + grid) / 8.0, ops.exp(raw[..., 2:4]) * 0.1
    return keras.Model(image, ops.concatenate([centre - size / 2, centre + size / 2, ops.sigmoid(raw[..., 4:])], -1))


def centre_points() -> keras.Model:
    """Build CenterNet: peaks of a heat map, and the ten highest of them."""
    image = keras.Input((32, 32, 3))
    heat = layers.Conv2D(2, 3, strides=2, padding="same", activation="sigmoid")(image)
    peaks = heat * ops.cast(ops.equal(layers.MaxPooling2D(3, strides=1, padding="same")(heat), heat), "float32")
    scores, positions = ops.top_k(ops.reshape(peaks, (-1, 512)), 10)
    return keras.Model(image, {"scores": scores, "places": positions})


def instance_normalised_generator() -> keras.Model:
    """Build CycleGAN's generator: reflection padding and instance normalisation."""
    image = keras.Input((32, 32, 3))
    x = ops.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")
    x = layers.ReLU()(layers.GroupNormalization(groups=-1)(layers.Conv2D(8, 3)(x)))
    x = layers.Conv2DTranspose(8, 4, strides=2, padding="same")(layers.Conv2D(16, 3, strides=2, padding="same")(x))
    return keras.Model(image, layers.Conv2D(3, 7, padding="same", activation="tanh")(x))


def dcgan_generator() -> keras.Model:
    front = [layers.Dense(7 * 7 * 16, use_bias=False), layers.BatchNormalization(), layers.LeakyReLU()]
    scale = [layers.Reshape((7, 7, 16)), layers.Conv2DTranspose(8, 5, strides=2, padding="same", use_bias=False)]
    last = layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="tanh")
    return keras.Sequential([keras.Input((32,)), *front, *scale, layers.LeakyReLU(), last])


def spectral_discriminator() -> keras.Model:
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (8, 16):
        model.add(layers.SpectralNormalization(layers.Conv2D(filters, 4, strides=2, padding="same")))
        model.add(layers.LeakyReLU(negative_slope=0.2))
        model.add(layers.Dropout(0.3))
    model.add(layers.Flatten())
    model.add(layers.SpectralNormalization(layers.Dense(1)))
    return model


def variational_encoder() -> keras.Model:
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Dense(16, "relu")(layers.Flatten()(x))
    return keras.Model(image, [layers.Dense(2, name="mean")(x), layers.Dense(2, name="log_variance")(x)])


def diffusion_step() -> keras.Model:
    """Build one step of a diffusion model: noise-level embedding and small U-Net."""
    image, level = keras.Input((16, 16, 3)), keras.Input((1, 1, 1), name="level")
    angles = 2.0 * 3.14159 * ops.exp(ops.linspace(0.0, 6.9, 8)) * level
    embedding = layers.UpSampling2D(16, interpolation="nearest")(ops.concatenate([ops.sin(angles), ops.cos(angles)], 3))
    x = layers.concatenate([layers.Conv2D(8, 1)(image), embedding])
    x = layers.Conv2D(16, 3, padding="same", activation="swish")(
        layers.BatchNormalization(center=False, scale=False)(x)
    )
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.AveragePooling2D(2)(x))
    return keras.Model([image, level], layers.Conv2D(3, 1, kernel_initializer="zeros")(x))

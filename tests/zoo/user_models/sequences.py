"""Models of time series, signals and videos."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.zoo.saving import saved_as


@saved_as("h5")
def lstm_fixed_length() -> keras.Model:
    return keras.Sequential([keras.Input((30, 6)), layers.LSTM(32), layers.Dropout(0.2), layers.Dense(1)])


def lstm_any_length() -> keras.Model:
    return keras.Sequential([keras.Input((None, 8)), layers.LSTM(16), layers.Dense(1)])


def stacked_lstm() -> keras.Model:
    stack = [layers.LSTM(32, return_sequences=True, dropout=0.2), layers.LSTM(16, recurrent_dropout=0.1)]
    return keras.Sequential([keras.Input((24, 3)), *stack, layers.Dense(12)])


def gru_any_length() -> keras.Model:
    stack = [layers.GRU(16, return_sequences=True), layers.GRU(16, reset_after=False)]
    return keras.Sequential([keras.Input((None, 4)), *stack, layers.Dense(3, "softmax")])


def simple_rnn() -> keras.Model:
    return keras.Sequential([keras.Input((None, 1)), layers.SimpleRNN(16), layers.Dense(1)])


def bidirectional_tagger() -> keras.Model:
    """Build a tagger of entities in sentences of any length, padded with 0."""
    stack = [layers.Embedding(60, 16, mask_zero=True), layers.Bidirectional(layers.LSTM(12, return_sequences=True))]
    head = layers.TimeDistributed(layers.Dense(7, "softmax"))
    return keras.Sequential([keras.Input((None,), dtype="int32"), *stack, head])


def bidirectional_gru_pooled() -> keras.Model:
    tokens = keras.Input((40,), dtype="int32")
    x = layers.SpatialDropout1D(0.2)(layers.Embedding(100, 16)(tokens))
    x = layers.Bidirectional(layers.GRU(12, return_sequences=True))(x)
    pooled = layers.concatenate([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    return keras.Model(tokens, layers.Dense(6, "sigmoid")(pooled))


def masked_readings() -> keras.Model:
    """Build a model of padded sensor readings: Masking, then two recurrent layers."""
    stack = [layers.Masking(-1.0), layers.LSTM(16, return_sequences=True), layers.GRU(8)]
    return keras.Sequential([keras.Input((20, 5)), *stack, layers.Dense(1, "sigmoid")])


@saved_as("export")
def masked_review_lstm() -> keras.Model:
    stack = [layers.Embedding(80, 16, mask_zero=True), layers.LSTM(16), layers.Dense(1, "sigmoid")]
    return keras.Sequential([keras.Input((None,), dtype="int32"), *stack])


def next_frame_conv_lstm() -> keras.Model:
    film = keras.Input((None, 16, 16, 1))
    x = layers.ConvLSTM2D(8, 3, padding="same", return_sequences=True, activation="relu")(film)
    x = layers.ConvLSTM2D(8, 1, padding="same", return_sequences=True)(layers.BatchNormalization()(x))
    return keras.Model(film, layers.Conv3D(1, 3, padding="same", activation="sigmoid")(x))


def conv_lstm_weather() -> keras.Model:
    grid = keras.Input((6, 12, 12, 2))
    x = layers.ConvLSTM2D(4, 3, recurrent_activation="hard_sigmoid")(grid)
    return keras.Model(grid, layers.Dense(3)(layers.Flatten()(x)))


def activity_conv_and_lstm() -> keras.Model:
    front = [layers.Conv1D(16, 5, activation="relu"), layers.MaxPooling1D(2), layers.BatchNormalization()]
    return keras.Sequential([keras.Input((128, 9)), *front, layers.LSTM(24), layers.Dense(6, "softmax")])


def film_any_length() -> keras.Model:
    frame = [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    steps = [layers.TimeDistributed(layer) for layer in frame]
    return keras.Sequential([keras.Input((None, 16, 16, 3)), *steps, layers.LSTM(5), layers.Dense(2)])


def film_of_features() -> keras.Model:
    """Build a video classifier: a CNN for each frame, a frame mask, two GRUs."""
    film, exists = keras.Input((10, 24, 24, 3), name="film"), keras.Input((10,), name="exists", dtype="bool")
    frame = keras.Sequential([keras.Input((24, 24, 3)), layers.Conv2D(8, 3, strides=2), layers.GlobalMaxPooling2D()])
    x = layers.GRU(16, return_sequences=True)(layers.TimeDistributed(frame)(film), mask=exists)
    return keras.Model([film, exists], layers.Dense(5, "softmax")(layers.GRU(8)(x)))


def lstm_autoencoder() -> keras.Model:
    encoder = [layers.LSTM(16, activation="relu"), layers.RepeatVector(12)]
    decoder = [layers.LSTM(16, activation="relu", return_sequences=True), layers.TimeDistributed(layers.Dense(2))]
    return keras.Sequential([keras.Input((12, 2)), *encoder, *decoder])


def stacked_cells() -> keras.Model:
    """Build the tutorial's RNN over a list of cells, with its last states as outputs."""
    series = keras.Input((None, 5))
    output, *states = layers.RNN([layers.LSTMCell(8), layers.GRUCell(6)], return_state=True)(series)
    return keras.Model(series, [layers.Dense(1)(output), states[-1]])


class MinimalCell(layers.Layer):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.state_size = units
        self.inner, self.norm = layers.Dense(units), layers.LayerNormalization()

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.inner.build((shape[0], shape[-1] + self.state_size))
        self.norm.build((shape[0], self.state_size))
        self.built = True

    def call(self, x, states):
        state = ops.tanh(self.norm(self.inner(ops.concatenate([x, states[0]], -1))))
        return state, [state]


@saved_as("export")
def custom_cell() -> keras.Model:
    series = keras.Input((None, 3))
    return keras.Model(series, layers.Dense(2)(layers.RNN(MinimalCell(8), return_sequences=True)(series)))


def stateful_stream() -> keras.Model:
    stack = [layers.LSTM(6, stateful=True), layers.Dense(1)]
    return keras.Sequential([keras.Input(batch_shape=(1, 10, 4)), *stack])


def temporal_convolutions() -> keras.Model:
    series = keras.Input((None, 4))
    x = series
    for rate in (1, 2, 4):
        inner = layers.Conv1D(12, 3, padding="causal", dilation_rate=rate, activation="relu")(x)
        x = layers.Add()([layers.Conv1D(12, 1)(x), layers.SpatialDropout1D(0.1)(inner)])
    return keras.Model(series, layers.Dense(1)(x[:, -1]))


def wavenet() -> keras.Model:
    signal = keras.Input((64, 1))
    x, skips = layers.Conv1D(8, 1)(signal), []
    for rate in (1, 2, 4, 8):
        gated = layers.Multiply()(
            [
                layers.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation=name)(x)
                for name in ("tanh", "sigmoid")
            ]
        )
        skips.append(layers.Conv1D(8, 1)(gated))
        x = layers.Add()([x, skips[-1]])
    return keras.Model(signal, layers.Dense(16, "softmax")(layers.ReLU()(layers.Add()(skips))))


def nbeats() -> keras.Model:
    series = keras.Input((20,))
    residual, forecast = series, 0.0
    for _ in range(3):
        theta = layers.Dense(25)(layers.Dense(32, "relu")(layers.Dense(32, "relu")(residual)))
        residual = residual - theta[:, :20]
        forecast = forecast + theta[:, 20:]
    return keras.Model(series, forecast)


def speech_with_ctc_head() -> keras.Model:
    """Build a small DeepSpeech 2: character probabilities per spectrogram step."""
    spectrogram = keras.Input((None, 32))
    x = layers.Conv2D(4, (5, 7), strides=(2, 2), padding="same", use_bias=False)(
        layers.Reshape((-1, 32, 1))(spectrogram)
    )
    x = layers.Reshape((-1, 64))(layers.ReLU()(layers.BatchNormalization()(x)))
    x = layers.Bidirectional(layers.GRU(16, return_sequences=True))(x)
    return keras.Model(spectrogram, layers.Dense(30, "softmax")(x))


def spectrogram_classifier() -> keras.Model:
    """Build a classifier of raw audio with a Fourier transform by keras.ops."""
    audio = keras.Input((2048,))
    real, imaginary = ops.stft(audio, sequence_length=256, sequence_stride=128, fft_length=256)
    x = ops.expand_dims(ops.log(ops.sqrt(real**2 + imaginary**2) + 1e-3), -1)
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    return keras.Model(audio, layers.Dense(8, "softmax")(layers.GlobalAveragePooling2D()(x)))

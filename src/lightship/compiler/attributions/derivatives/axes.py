"""Windows of convolutions and of pooling along height and width."""

from __future__ import annotations

from typing import Any, NamedTuple


class Axis(NamedTuple):
    """Windows along one axis, in numbers of elements.

    Attributes:
        size, results: of the input and of the output.
        window: size of the window, including the gaps of a dilated one.
        stride: distance of two windows.
        before: padding before the first element.
    """

    size: int
    results: int
    window: int
    stride: int
    before: int

    @property
    def dilated(self) -> int:
        """Return the size of the output with zeros between its elements."""
        return (self.results - 1) * self.stride + 1

    @property
    def margins(self) -> tuple[int, int]:
        """Return the zeros around the dilated output in the gradient's convolution."""
        first = self.window - 1 - self.before
        return first, self.size - self.dilated + self.window - 1 - first

    @property
    def overlap(self) -> int:
        """Return how many strides a window reaches beyond its first one."""
        return (self.window - 1) // self.stride

    @property
    def cells(self) -> int:
        """Return how many strides all windows cover."""
        return self.results + self.overlap


def axes_of(operation: Any, window: tuple[int, int], dilations: tuple[int, int] = (1, 1)) -> tuple[Axis, Axis]:
    """Return height and width of a convolution or of pooling, with channels last.

    Raises LookupError for channels first.
    """
    if operation.get_attr("data_format") != b"NHWC":
        raise LookupError("channels first")
    sizes, results = (tensor.shape.as_list()[1:3] for tensor in (operation.inputs[0], operation.outputs[0]))
    strides = operation.get_attr("strides")[1:3]
    both = zip(sizes, results, window, dilations, strides, strict=True)
    height, width = (_axis(operation, number, *values) for number, values in enumerate(both))
    return height, width


def pooling_of(operation: Any) -> tuple[tuple[int, int], tuple[Axis, Axis]]:
    """Return the window, and height and width; raises LookupError for other axes."""
    batch, rows, columns, channels = operation.get_attr("ksize")
    if batch != 1 or channels != 1:
        raise LookupError("pooling over rows or channels")
    return (rows, columns), axes_of(operation, (rows, columns))


def _axis(operation: Any, number: int, size: int, results: int, width: int, dilation: int, stride: int) -> Axis:
    window = (width - 1) * dilation + 1
    padding = operation.get_attr("padding")
    before = max((results - 1) * stride + window - size, 0) // 2 if padding == b"SAME" else 0
    if padding == b"EXPLICIT":
        before = operation.get_attr("explicit_paddings")[2 * (number + 1)]
    return Axis(size, results, window, stride, before)

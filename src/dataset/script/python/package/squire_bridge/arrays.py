"""Arrays as bytes with a type and a shape. numpy arrays where numpy is installed; else anything with a buffer, and memoryviews."""

try:
    import numpy
except ImportError:
    numpy = None

# numpy's names of the types that models have, by the codes of Python's struct module. The machine is little-endian.
_CODES = {
    "?": "|b1", "b": "|i1", "B": "|u1", "h": "<i2", "H": "<u2", "i": "<i4", "I": "<u4", "l": "<i8", "L": "<u8",
    "q": "<i8", "Q": "<u8", "e": "<f2", "f": "<f4", "d": "<f8",
}  # fmt: skip
_VIEWED = {"|b1": "?", "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I", "<i8": "q", "<u8": "Q",
           "<f2": "H", "<f4": "f", "<f8": "d"}  # fmt: skip


def size(about):
    """Bytes of an array."""
    count = int(about["type"][2:])
    for dim in about["shape"]:
        count *= dim
    return count


def describe(value):
    """({"type", "shape"}, bytes in C order) of what a script passes to forward."""
    if numpy is None:
        return _describe_buffer(value)
    if hasattr(value, "detach"):  # A tensor of torch or paddle, maybe one that requires gradients or lies on another device.
        value = value.detach()
        value = value.cpu() if hasattr(value, "cpu") else value
    array = numpy.asarray(value)
    if array.dtype.str not in _VIEWED:
        array = _plain(array)
    data = numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8).data
    return {"type": array.dtype.str, "shape": list(array.shape)}, data


def _plain(array):
    if array.dtype.byteorder == ">" and array.dtype.kind in "iuf":
        return array.astype(array.dtype.newbyteorder("<"))
    raise TypeError("forward takes arrays of numbers, got one of type %s" % array.dtype)


def _describe_buffer(value):
    try:
        view = memoryview(value)
    except TypeError:
        raise TypeError("forward takes arrays; without numpy, objects with a buffer, not %s" % type(value).__name__)
    code = _CODES.get(view.format.lstrip("<=@"))
    if code is None or not view.c_contiguous:
        raise TypeError("forward takes arrays of numbers in C order, got format %r" % view.format)
    return {"type": code, "shape": list(view.shape)}, view.cast("B")


def make(about, data):
    """The array of a frame; it may be written to."""
    if numpy is not None:
        return numpy.frombuffer(data, dtype=about["type"]).reshape(about["shape"])
    view = memoryview(data)
    if 0 in about["shape"]:
        return view
    # A cast takes one step between bytes and elements, and another to more than one dimension.
    return view.cast(_VIEWED[about["type"]], about["shape"])

"""The executor that an infer function is given, with the members of Knight's."""

import itertools
import threading


class Stopped(BaseException):
    """Unwinds an infer function whose forwards squire needs no more. Not an Exception: `except Exception` lets it through."""


class ForwardError(RuntimeError):
    """squire refused a forward pass; the message says why."""


class Executor:
    def __init__(self, channel, call, about):
        self._channel = channel
        self._call = call
        self._output_nodes = about["output_nodes"]
        self._shapes = about["shapes"]
        self._waiting = {}
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._stopped = False
        self.iteration = about["iteration"]
        self.batch_size = about["batch_size"]
        self.dataset = about["dataset"]
        self.save_dir = about["save_dir"]
        self.input_nodes = about["input_nodes"]
        # Name -> ONNX TensorProto.DataType.
        self.input_types = about["input_types"]
        self.shape_dicts = {}
        self.output_node_list = about["output_node_list"]
        self.input_configs_dict = about["input_configs"]
        # Knight's number of the graphics card; -1 is none.
        self.gpu = -1
        self.shard_index = about["shard_index"]
        self.shard_count = about["shard_count"]

    @property
    def early_stop_flag(self):
        """Whether squire needs no more forward passes: the function may return."""
        return self._stopped

    def init_shape_info(self):
        """Fills shape_dicts: input name -> dims, the batch size standing for dynamic ones."""
        self.shape_dicts = {name: list(dims) for name, dims in self._shapes.items()}

    def output_name_to_node_name(self):
        """The outputs of all operators -> the operators' names."""
        return dict(self._output_nodes)

    def shard(self, items):
        """Of the first `iteration` items those that this interpreter is to forward."""
        return itertools.islice(items, self.shard_index, self.iteration, self.shard_count)

    def forward(self, *inputs):
        """Runs the model: one array an input, in model order. Returns the list of outputs in model order. Threads may share it."""
        if self._stopped:
            raise Stopped
        answer = _Answer()
        with self._lock:
            number = next(self._ids)
            self._waiting[number] = answer
        self._channel.send({"kind": "forward", "call": self._call, "id": number}, inputs)
        return answer.wait()

    def answer(self, number, outputs=None, problem=None):
        """Called by the thread that reads from squire."""
        self._waiting.pop(number).set(outputs, ForwardError(problem) if problem is not None else None)

    def stop(self):
        """Called by the thread that reads from squire: forwards that wait, and all later ones, raise Stopped."""
        self._stopped = True
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set(None, Stopped())


class _Answer:
    def __init__(self):
        self._event = threading.Event()
        self._outputs = self._error = None

    def set(self, outputs, error):
        self._outputs, self._error = outputs, error
        self._event.set()

    def wait(self):
        self._event.wait()
        if self._error is not None:
            raise self._error
        return self._outputs

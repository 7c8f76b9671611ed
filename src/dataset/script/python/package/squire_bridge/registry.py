"""Functions that scripts register under a name."""


class Registry:
    def __init__(self):
        self._entries = {}

    def register(self, name, interpreters=1):
        """Decorator. With interpreters=N squire runs the function in N interpreters, each with its share of the forwards."""

        def keep(function):
            self._entries[name] = (function, interpreters)
            return function

        return keep

    def names(self):
        return list(self._entries)

    def get(self, name):
        """(function, interpreters), None where nothing has the name."""
        return self._entries.get(name)


infer_functions = Registry()
# Knight converts PyTorch models that a script defines; squire reads ONNX, and only lets such scripts load.
pytorch_models = Registry()

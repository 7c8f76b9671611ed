"""Loads the script, then answers squire's calls one at a time. A second thread reads from squire meanwhile, so that an answer to a
forward, a stop and the question where the script is reach a function that is running."""

import importlib.util
import os
import queue
import signal
import sys
import threading
import traceback

from .arrays import numpy
from .channel import Channel
from .executor import Executor, Stopped
from .registry import infer_functions

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main(script):
    die_with_squire()
    channel = Channel(3, 4)
    bridge = Bridge(channel, script)
    threading.Thread(target=bridge.read, name="squire", daemon=True).start()
    bridge.run()


def die_with_squire():
    """Leaves a process behind that waits for the end of a pipe, which is the end of squire, and kills all that the script has started.

    A process, since no thread can do that while native code holds Python's lock; forked twice, so that it is no child of the script's.
    """
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.close(3)
            os.close(4)
            os.read(5, 1)
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(5)


class Bridge:
    def __init__(self, channel, script):
        self._channel = channel
        self._script = script
        self._module = None
        self._calls = queue.Queue()
        self._executor = None
        self._number = None

    def read(self):
        """The reading thread. squire closes the channel to end a script that is not at work."""
        try:
            while True:
                message = self._channel.receive()
                if message is None:
                    break
                self._receive(*message)
        finally:
            os._exit(0)

    def _receive(self, header, arrays):
        kind = header["kind"]
        if kind == "call":
            # Made here, so that what comes next for this call finds it.
            self._number = header["call"]
            self._executor = Executor(self._channel, self._number, header["executor"])
            self._calls.put((header, self._executor))
        elif kind == "where":
            self._channel.send({"kind": "where", "place": self._where()})
        elif header["call"] == self._number:
            if kind == "outputs":
                self._executor.answer(header["id"], outputs=arrays)
            elif kind == "refused":
                self._executor.answer(header["id"], problem=header["message"])
            elif kind == "stop":
                self._executor.stop()

    def run(self):
        try:
            self._load()
        except BaseException as error:  # SystemExit too: whatever ended the script, squire tells it.
            self._channel.send(self._failure(error))
            return
        self._channel.send(
            {
                "kind": "ready",
                "python": sys.version.split()[0],
                "executable": sys.executable,
                "numpy": numpy is not None,
                "functions": {name: self._interpreters(name) for name in self._names()},
            }
        )
        while True:
            header, executor = self._calls.get()
            interrupted = False
            try:
                value = self._function(header["function"])(executor)
                answer = {"kind": "returned", "call": header["call"], **_metric(value)}
            except Stopped:
                answer = {"kind": "stopped", "call": header["call"]}
            except BaseException as error:
                interrupted = isinstance(error, KeyboardInterrupt)
                answer = dict(self._failure(error), call=header["call"])
            sys.stdout.flush()
            sys.stderr.flush()
            self._channel.send(answer)
            # squire interrupts a script to end it: what the script has for its exit comes next.
            if interrupted:
                return

    def _load(self):
        folder, name = os.path.split(self._script)
        # The script's imports are those of its folder, then squire's package for what Knight brings.
        sys.path[:] = [folder, _PACKAGE] + [entry for entry in sys.path if entry not in (folder, _PACKAGE)]
        sys.argv = [self._script]
        stem = os.path.splitext(name)[0]
        spec = importlib.util.spec_from_file_location(stem, self._script)
        self._module = importlib.util.module_from_spec(spec)
        # Under its name, so that what a DataLoader's process unpickles finds it.
        sys.modules[stem] = self._module
        spec.loader.exec_module(self._module)

    def _names(self):
        """Registered functions, and the script's own functions by their names."""
        own = vars(self._module).items()
        plain = [
            name for name, value in own
            if callable(value) and getattr(value, "__module__", None) == self._module.__name__ and not isinstance(value, type)
        ]  # fmt: skip
        return dict.fromkeys(infer_functions.names() + plain)

    def _interpreters(self, name):
        entry = infer_functions.get(name)
        return 1 if entry is None else entry[1]

    def _function(self, name):
        entry = infer_functions.get(name)
        return getattr(self._module, name) if entry is None else entry[0]

    def _failure(self, error):
        """Prints the traceback, for the user, and tells squire in a line."""
        if isinstance(error, KeyboardInterrupt):
            return {"kind": "stopped"}
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if self._is_users(frame.filename)]
        if isinstance(error, SystemExit):
            text = "sys.exit(%s)" % ("" if error.code is None else repr(error.code))
        else:
            _print_traceback(error, self._is_users)
            text = "".join(traceback.format_exception_only(type(error), error)).strip()
        own = [frame for frame in frames if frame.filename == self._script] or frames
        place = "%s:%d" % (own[-1].filename, own[-1].lineno) if own else None
        if isinstance(error, SyntaxError) and error.filename and not own:
            place = "%s:%d" % (error.filename, error.lineno)
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        return {
            "kind": "failed", "error": text, "place": place, "missing": missing,
            "python": sys.version.split()[0], "executable": sys.executable,
        }  # fmt: skip

    def _where(self):
        """Where the script is now: its own innermost line, else that of whatever it called."""
        frame = sys._current_frames().get(threading.main_thread().ident)
        innermost = None
        while frame is not None:
            name = frame.f_code.co_filename
            here = "%s:%d, in %s" % (name, frame.f_lineno, frame.f_code.co_name)
            if name == self._script:
                return here
            innermost = innermost or here
            frame = frame.f_back
        return innermost

    @staticmethod
    def _is_users(filename):
        return not filename.startswith(_PACKAGE) and not filename.startswith("<frozen importlib")


def _print_traceback(error, wanted):
    report = traceback.TracebackException.from_exception(error)
    seen = report
    while seen is not None:
        seen.stack = traceback.StackSummary.from_list([frame for frame in seen.stack if wanted(frame.filename)])
        seen = seen.__cause__ or seen.__context__
    sys.stderr.write("".join(report.format()))
    sys.stderr.flush()


def _metric(value):
    """A function's result: nothing, a number, or a number and its weight."""
    if value is None:
        return {"value": None}
    parts = value if isinstance(value, tuple) and len(value) == 2 else (value,)
    try:
        # repr: JSON has no NaN, and every digit counts.
        numbers = [repr(float(part)) for part in parts]
    except (TypeError, ValueError):
        return {"value": None, "type": type(value).__name__}
    return {"value": numbers[0], "weight": numbers[1]} if len(numbers) == 2 else {"value": numbers[0]}

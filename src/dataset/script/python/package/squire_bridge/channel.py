"""Frames between squire and this interpreter, over two pipes.

    | uint32 length of the header | header: JSON in UTF-8 | bytes of its arrays, one after another |

header["arrays"] describes them: [{"type": "<f4", "shape": [1, 3, 224, 224]}, ...]. The same layout as in ../../frames.ts.
"""

import json
import os
import struct
import threading

from . import arrays


class Channel:
    def __init__(self, read_fd, write_fd):
        self._input = os.fdopen(read_fd, "rb", buffering=1 << 16)
        self._output = os.fdopen(write_fd, "wb", buffering=1 << 16)
        self._lock = threading.Lock()

    def send(self, header, values=()):
        described = [arrays.describe(value) for value in values]
        text = json.dumps(dict(header, arrays=[about for about, _ in described])).encode()
        with self._lock:
            self._output.write(struct.pack("<I", len(text)))
            self._output.write(text)
            for _, data in described:
                self._output.write(data)
            self._output.flush()

    def receive(self):
        """The next header and its arrays; None when squire has closed the channel."""
        prefix = self._input.read(4)
        if len(prefix) < 4:
            return None
        header = json.loads(self._exactly(struct.unpack("<I", prefix)[0]))
        return header, [arrays.make(about, self._exactly(arrays.size(about))) for about in header["arrays"]]

    def _exactly(self, count):
        data = bytearray(count)
        view = memoryview(data)
        done = 0
        while done < count:
            got = self._input.readinto(view[done:])
            if not got:
                raise EOFError
            done += got
        return data

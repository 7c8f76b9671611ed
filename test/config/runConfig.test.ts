import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { flatten } from '../../src/config/option.js'
import { options } from '../../src/config/options/index.js'

const folder = mkdtempSync(join(tmpdir(), 'squire-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = join(folder, 'run.json')

function reading(json: string, words = '') {
  writeFileSync(file, json)
  return configure(['quant', '-rc', file, ...words.split(' ').filter(Boolean)])
}

describe('a JSON configuration', () => {
  it('has comments, trailing commas, text for numbers, and values for lists', async () => {
    const { config } = await reading(`{
      // the model of the demo
      "quant": {
        "model": "net.onnx", "quant-mode": "kl mse", "iteration": [10, "5"], "output-dequant": "true", "bit-width": "8",
        "image-mean": "123.675 116.28 103.53", /* ImageNet's */ "image-std": [58.4, 57.1, 57.4],
        "data": null,
      },
    }`)
    expect(config.data).toBe(undefined)
    expect(config).toMatchObject({
      model: resolve('net.onnx'),
      modes: ['kl', 'mse'],
      iterations: [5, 10],
      outputDequant: true,
      bitWidth: 8,
      image: { colorSpace: 'BGR', mean: [123.675, 116.28, 103.53], std: [58.4, 57.1, 57.4] },
    })
  })

  it('has what Python and Knight write: True and False as text, the chip beside "quant", Gray, is_yolo', async () => {
    const input = (isYolo: string) =>
      `{ "input_name": "x", "quant_data_format": "Image", "data_dir": "d", "color_space": "Gray", "is_yolo": ${isYolo} }`
    const json = (isYolo: string) => `{ "chip": "TX5336AV200", "quant": {
      "model": "net.onnx", "infer-func": "infer_common", "output-dequant": "True", "dump": "False", "input-configs": [${input(isYolo)}] } }`
    const { config, notes } = await reading(json('"false"'))
    expect(config).toMatchObject({ chip: 'TX5336AV200', outputDequant: true, dump: false })
    expect(config.inputConfigs).toMatchObject([{ color_space: 'GRAY' }])
    expect(notes).toEqual([])
    expect((await reading(json('false'), '-ch TX5105C')).config.chip).toBe('TX5105C')
    await expect(reading(json('true'))).rejects.toThrow('write "padding_constant_value": 114')
    await expect(reading('{ "chip": "TX1", "quant": { "model": "a.onnx" } }')).rejects.toThrow(
      /^"chip" in .*run.json: /,
    )
  })

  it('yields to the command line, option by option', async () => {
    const json = '{ "quant": { "model": "a.onnx", "quant-mode": ["kl"], "image-mean": 1, "image-std": 2 } }'
    const { config } = await reading(json, '-qm mse --image-mean 3')
    expect(config).toMatchObject({ modes: ['mse'], image: { mean: [3], std: [2] } })
  })

  it('may be for other commands of Knight, too, and the run says so', async () => {
    const json = '{ "quant": { "model": "a.onnx" }, "compile": {}, "profiling": {} }'
    expect((await reading(json)).notes).toEqual([`${file}: ignored compile, profiling; squire reads "quant"`])
  })

  it('serves several runs: a note names the keys that this run does not read', async () => {
    const json =
      '{ "quant": { "model": "a.onnx", "quant-mode": "kl", "generate-scale-json": true, "auto-mix-ratio": 0.2 } }'
    const infer = await reading(json, '-r infer')
    expect(infer).toMatchObject({ config: { generateScaleJson: false }, warnings: [] })
    expect(infer.notes).toEqual([
      `${file}: --run-mode (-r) infer does not use quant-mode, generate-scale-json, auto-mix-ratio`,
    ])
    const quant = await reading(json)
    expect(quant).toMatchObject({ config: { modes: ['kl'], autoMixRatio: undefined }, warnings: [] })
    expect(quant.notes).toEqual([`${file}: --run-mode (-r) quant does not use auto-mix-ratio`])
  })

  it('takes every option by its long name', async () => {
    for (const [, { long }] of flatten(options)) {
      const failure = await reading(`{ "quant": { "${long}": {} } }`, '-m a.onnx').catch(({ message }) => message)
      expect(String(failure)).not.toMatch('unknown key')
    }
  })

  it.each([
    ['{ "quant": { "quant-mod": "kl" } }', '"quant": unknown key "quant-mod"; did you mean "quant-mode"?'],
    ['{ "quant": { "quantMode": "kl" } }', '"quant": unknown key "quantMode"; did you mean "quant-mode"?'],
    ['{ "quant": { "spin-quant": true } }', '"quant": "spin-quant" is not for this chip'],
    [
      '{ "quant": { "model": "a", "cpu-num": "many" } }',
      `"cpu-num" in FILE: expected an integer from 1 to 1024, got "many"`,
    ],
    ['{ "quant": { "model": "a", "bit-width": 16 } }', `"bit-width" in FILE: TX5105C computes in 8 bits, not in 16`],
    ['{ "quant": { "model": ["a"] } }', `"model" in FILE: expected a path, got ["a"]`],
    [
      '{ "quant": { "model": "a", "input-configs": [{ "input_name": "x" }] } }',
      '"input-configs" in FILE, entry 1, "quant_data_format": this key is missing',
    ],
    [
      '{ "quant": { "model": "a", "input-configs": ["x"] } }',
      '"input-configs" in FILE, entry 1: expected an object with keys of "input_name", "quant_data_format"',
    ],
    ['{ "quant": [] }', 'FILE: expected an object "quant" whose keys are the long names of options'],
    ['{ "model": "a" }', 'FILE: expected an object "quant"'],
    ['[]', 'FILE: expected { "quant": { ... } }'],
    [
      '{\n"quant": {\n"model" "a" } }',
      'FILE:3:9: this is no JSON: expected ":" between a key and its value, got "\\"a\\""',
    ],
    ['', 'FILE:1:1: this is no JSON: expected a value (a text in double quotes'],
    [
      '{ quant: {} }',
      'FILE:1:3: this is no JSON: expected keys and texts in double quotes, a number, true, false or null, got "quant"',
    ],
    [
      '{ // the run\n "quant": { "model": "a" ',
      'FILE:2:26: this is no JSON: expected "}", which closes the object, got the end of the file',
    ],
    ['{ "quant": { "model": "a } }', 'FILE:1:23: this is no JSON: expected a closing double quote on the same line'],
    ['{ "quant": { "model": "a" "chip": "b" } }', 'FILE:1:27: this is no JSON: expected "," between two entries'],
  ])('%j is refused', async (json, message) => {
    await expect(reading(json)).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(message.replace('FILE', file)),
    })
  })

  it('that is not there is an error', async () => {
    await expect(configure(['quant', '-rc', '/nowhere.json'])).rejects.toThrow(
      'cannot read the configuration /nowhere.json: no such file',
    )
  })
})

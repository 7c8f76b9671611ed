import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readMix } from '../../src/config/mix.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { temporaryFolder } from '../onnx/folder.js'

const at = temporaryFolder()

describe('a mixed configuration', () => {
  it.each([
    [
      '{ "op_names": { "a": { "quant-mode": "foo" } } }',
      'FILE, "op_names", "a", "quant-mode": expected "kl", "min_max", "mse", "percentile" or "kl_v2", got "foo"; expected {',
    ],
    [
      '{ "op_types": { "Conv": { "bit-width": "8" } } }',
      'FILE, "op_types", "Conv", "bit-width": expected number, got "8"',
    ],
    [
      '{ "op_types": { "Conv": { "bits": 8 } } }',
      'FILE, "op_types", "Conv", "bits": unknown key; expected { "op_names"',
    ],
    ['{ "op_names": [] }', 'FILE holds a list, expected { "op_names"'],
    ['{ "op_names": { "a": [] } }', 'FILE holds a list, expected { "op_names"'],
    ['7', 'FILE, expected Object, got 7; expected { "op_names"'],
  ])('%s is refused', async (json, message) => {
    writeFileSync(at('mix.json'), json)
    const reading = readMix(at('mix.json'), chipProfile('TX5105C'), 8)
    await expect(reading).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(message.replace('FILE', at('mix.json'))),
    })
  })
})

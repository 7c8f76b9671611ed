// Tiny models for x [1, 4] of fixtures/tiny.mjs, as files.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeModel } from '../../src/onnx/model.js'
import type { ModelProto } from '../../src/onnx/types.js'
import { floats, model, node, type Parts } from '../onnx/models.js'

/** Two scores: what the first two values add up to, and the last two. */
const scores = floats('w', [4, 2], [1, 0, 1, 0, 0, 1, 0, 1])

export const tiny = (parts: Partial<Parts> = {}): ModelProto =>
  model({
    inputs: { x: [1, 4] },
    nodes: [node('Gemm', ['x', 'w'], ['g'], [], 'gemm'), node('Relu', ['g'], ['y'], [], 'relu')],
    constants: [scores],
    ...parts,
  })

/** Writes a model; its path. */
export function write(proto: ModelProto, folder: string, name: string): string {
  const path = join(folder, name)
  writeFileSync(path, encodeModel(proto))
  return path
}

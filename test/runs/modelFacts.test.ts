import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeModel } from '../../src/onnx/model.js'
import { factLines } from '../../src/report/text/modelFacts.js'
import { modelFacts } from '../../src/runs/modelFacts.js'
import { temporaryFolder } from '../onnx/folder.js'
import { model, node } from '../onnx/models.js'

const at = temporaryFolder()
const relu = model({ nodes: [node('Relu', ['x'], ['y'], [], 'relu')], inputs: { x: ['n', '', 4] } })

function write(file: string, proto = relu): string {
  writeFileSync(at(file), encodeModel(proto))
  return at(file)
}

describe('the facts of a model', () => {
  it('are those of the integer model, where a folder is given', async () => {
    for (const name of ['one', 'one/steps', 'many', 'many/kl_it_1', 'many/mse_it_1', 'none']) mkdirSync(at(name))
    const file = write('one/net_quantize.onnx')
    for (const other of ['net_qdq.onnx', 'steps/output_all_layers_quantize.onnx']) write(`one/${other}`)
    expect((await modelFacts(at('one'))).file).toBe(file)
    const first = write('many/kl_it_1/net_quantize.onnx')
    write('many/mse_it_1/net_quantize.onnx')
    await expect(modelFacts(at('many'))).rejects.toThrow(`holds 2 quantized models: give one, as ${first}`)
    await expect(modelFacts(at('none'))).rejects.toThrow('none holds no *_quantize.onnx: give a model, or the folder')
  })

  it('show open dims as open, and an input without a shape as such', async () => {
    const [x] = relu.graph.input
    const unranked = { name: 'z', type: { tensorType: { elemType: x!.type!.tensorType!.elemType } } }
    const output = [{ ...x!, name: 'y' }]
    const proto = { ...relu, graph: { ...relu.graph, input: [x!, unranked], output } }
    const lines = factLines(await modelFacts(write('open.onnx', proto)), undefined)
    expect(lines).toContain('  x  float32 [n, ?, 4]')
    expect(lines).toContain('  z  float32 of any shape')
    expect(lines).toContain('  y  float32 [n, ?, 4]')
  })
})

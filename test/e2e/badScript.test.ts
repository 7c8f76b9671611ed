// Mistakes in the code that a user brings: each is told with the name of the export and the place, never with squire's own stack.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusedHere } from './here.js'
import { refused } from './refused.js'
import { fixture, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
const words = (script: string, name: string) => ['-m', model, '-uds', script, '-if', name, '-i', '12']
const run = (script: string, name: string, ...more: string[]) =>
  refusedHere(folder, 3, [...words(script, name), ...more])
const tinyScript = fixture('tiny.mjs')

describe.concurrent('a script that does not load', () => {
  const script = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  test.each([
    ['is not there', join(folder, 'nowhere.mjs'), 'no such file: '],
    ['is no module', script('data.rb', 'require "numo"'), 'must be an ES module or a Python script'],
    ['has a syntax error', script('syntax.mjs', '\nexport const dataset = {'), 'syntax.mjs:2)'],
    ['has a syntax error in TypeScript', script('syntax.ts', '\nexport const dataset: = 3'), 'syntax.ts:2'],
    ['imports what is not there', script('import.mjs', "import './gone.mjs'"), 'gone.mjs'],
    ['throws', script('throws.mjs', '\n\nthrow new Error("no data today")'), 'no data today'],
  ])('%s', async (_, path, reason) => {
    // As a command: the test runner has a loader of its own.
    const error = await refused(folder, 3, words(path, 'dataset'))
    expect(error).toContain(path)
    expect(error).toContain(reason)
  })

  test('an export that is missing: the others are listed', async () => {
    const error = await run(script('two.mjs', 'export const one = 1\nexport function two() {}'), 'three')
    expect(error).toMatch(/two\.mjs has no export "three" \(-if\): it exports "one" or "two"/)
  })
})

describe.concurrent('a dataset object', () => {
  test.each([
    ['empty', 'dataset "empty" of', 'is empty: size() gave 0'],
    [
      'noLoad',
      'export "noLoad"',
      'expected an infer function (executor) => metric, or a dataset object with size() and load',
    ],
    ['number', 'export "number"', 'is of type number, expected an infer function'],
    ['noUpdate', 'the metric of dataset "noUpdate"', 'lacks update(): expected { name, initial(), update('],
    ['updateThrows', 'the metric threw for sample "s-07"', 'no such class'],
    ['wrongLabel', 'the metric threw for sample "s-07"', 'label 2 is not a class index in [0, 2)'],
    ['initialThrows', 'initial() of metric "mean share of the label" threw: no labels', '/tiny.mjs:'],
    [
      'stateWithFunction',
      "the metric's state cannot be handed over by a worker: ",
      'could not be cloned. Keep it plain',
    ],
    ['nanMetric', 'metric "mean share of the label" has the value NaN over 12 samples', 'expected a finite number'],
  ])('%s', async (name, what, reason) => {
    const error = await run(tinyScript, name)
    expect(error).toContain(`error: ${what}`)
    expect(error).toContain(reason)
  })

  test('a metric that fails on the second quantization leaves nothing of the first', async () => {
    expect(await run(tinyScript, 'laterNaN', '-qm', 'kl', 'mse')).toContain('has the value NaN over 12 samples')
  })
})

describe.concurrent('an infer function', () => {
  test.each([
    ['inferThrows', 'infer function "inferThrows" threw: my loader broke', /tiny\.mjs:\d+\)/],
    [
      'inferNothing',
      'infer function "inferNothing" returned without calling executor.forward',
      /nothing to calibrate on/,
    ],
    ['inferNaN', 'infer function "inferNaN" returned NaN', /expected its metric as a finite number/],
    [
      'inferText',
      'infer function "inferText" returned a value of type string',
      /expected its metric as a finite number/,
    ],
  ])('%s', async (name, what, more) => {
    const error = await run(tinyScript, name)
    expect(error).toContain(`error: ${what}`)
    expect(error).toMatch(more)
  })

  test.each([
    ['unwrapped', [], 3, '"unwrapped" is taken for an infer function, which returns its metric, but it returned'],
    ['unwrapped', ['--eval-iteration', 'all'], 2, '"unwrapped" is an infer function. Give a number. If it is a'],
    ['unwrapped', ['--on-bad-sample', 'skip'], 2, '"unwrapped" is an infer function, which picks its own samples. If'],
    ['unwrappedReadsData', ['-d', 'data'], 3, `Received undefined (${tinyScript}:`],
  ])('%s, a dataset that lacks its mark, given %j: what to do is told', async (name, more, status, what) => {
    const error = await refusedHere(folder, status, [...words(tinyScript, name), ...more])
    expect(error).toContain(what)
    expect(error).toMatch(/xport it wrapped: defineDataset\(\.\.\.\)\.$/m)
  })

  test('one that has run the model is not taken for a dataset', async () => {
    expect(await run(tinyScript, 'inferThrowsAtLast')).not.toContain('defineDataset')
  })

  test.each([
    ['inferForgetsAwait', 'error: forward 2: input 0 "x" has dims [1, 5], expected [1, 4]'],
    ['inferThrowsLater', 'tiny.mjs threw where nobody catches it: too late to catch'],
    ['inferRejects', 'tiny.mjs threw where nobody catches it: nobody waits for this'],
    ['inferExits', 'tiny.mjs ended the process (process.exit) while squire was at work'],
  ])('%s', async (name, what) => {
    expect(await refused(folder, 3, words(tinyScript, name))).toContain(what)
  })
})

import { expect, it } from 'vitest'
import { nearest } from '../../src/config/nearest.js'

it.each([
  ['mze', ['mse', 'kl'], 'mse'],
  ['--modle', ['--mode', '--model'], '--mode'],
  ['KL', ['kl'], 'kl'],
  ['qunat', ['quant'], 'quant'],
  ['banana', ['kl', 'mse'], undefined],
  ['kl', [], undefined],
])('finds for %s in %j: %s', (word, known, expected) => {
  expect(nearest(word, known)).toBe(expected)
})

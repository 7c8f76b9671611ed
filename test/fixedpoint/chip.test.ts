import { expect, it } from 'vitest'
import { chipProfile, requireBitWidth } from '../../src/fixedpoint/chip.js'

it('finds a chip by its name', () => {
  expect(chipProfile('TX5105C')).toMatchObject({ name: 'TX5105C', bitWidths: [8], qRange: [0, 31] })
})

it('an unknown chip is an error that lists the known ones', () => {
  expect(() => chipProfile('TX9')).toThrow('Unknown chip "TX9": expected "TX5105C".')
})

it('a width the chip lacks is an error that names the chip and its widths', () => {
  expect(() => requireBitWidth(chipProfile('TX5105C'), 16)).toThrow(
    'TX5105C computes in 8 bits, not in 16: choose --bit-width 8.',
  )
  expect(() => requireBitWidth(chipProfile('TX5105C'), 8)).not.toThrow()
})

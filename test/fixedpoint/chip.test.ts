import { expect, it } from 'vitest'
import { arithmeticOf, chipNames, chipProfile, isChip } from '../../src/fixedpoint/chip.js'

it('finds a chip by its name', () => {
  expect(chipProfile('TX5105C')).toMatchObject({ name: 'TX5105C', bitWidths: [8], qRange: [0, 31] })
})

it('finds a chip that a family’s name stands for, which keeps its own', () => {
  expect(chipProfile('TX5368AV200')).toEqual({ ...chipProfile('TX5368x'), name: 'TX5368AV200' })
  expect(chipProfile('TX5107')).toEqual({ ...chipProfile('TX510x'), name: 'TX5107' })
  for (const name of ['TX5368', 'TX5368xx', 'TX5368A B', 'XTX5368A']) expect(isChip(name)).toBe(false)
})

it('an unknown chip is an error that lists the known ones', () => {
  expect(() => chipProfile('TX9')).toThrow('Unknown chip "TX9": expected "TX5105C", "TX510x", "TX5368x"')
})

it('every chip has an accumulator for each of its widths, and those of two widths mix them', () => {
  for (const chip of chipNames.map(chipProfile)) {
    for (const bits of chip.bitWidths)
      expect(arithmeticOf(chip, bits)).toMatchObject({ inputBits: bits, weightBits: bits })
    expect(chip.mixesWidths).toBe(chip.bitWidths.length > 1)
  }
  expect(() => arithmeticOf(chipProfile('TX5105C'), 16)).toThrow('TX5105C does not compute in 16 bits.')
})

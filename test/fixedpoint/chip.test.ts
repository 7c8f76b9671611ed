import { expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'

it('finds a chip by its name', () => {
  expect(chipProfile('TX5105C')).toMatchObject({ name: 'TX5105C', bitWidths: [8], qRange: [0, 31] })
})

it('an unknown chip is an error that lists the known ones', () => {
  expect(() => chipProfile('TX9')).toThrow('Unknown chip "TX9": expected "TX5105C".')
})

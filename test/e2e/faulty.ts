// Faults for the samples of fixtures/textlines.mjs.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a folder of faults: sample -> how it fails. Gives the environment that brings them about. */
export function faults(
  folder: string,
  name: string,
  samples: Readonly<Record<number, string>>,
): { readonly SQUIRE_TEST_FAULTS: string } {
  const path = join(folder, `faults-${name.replaceAll(/\W/g, '-')}`)
  mkdirSync(path)
  for (const [sample, kind] of Object.entries(samples)) writeFileSync(join(path, sample), kind)
  return { SQUIRE_TEST_FAULTS: path }
}

// docs/knight.md has a row for every flag of Knight's, and squire has every flag as its row says.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { translate } from '../../src/cli/argv.js'
import { quantFlags } from '../../src/cli/configure.js'

/** The flags of the vendor's user guide, V3.5. */
const flags =
  `-h --help, -rc --run-config, -m --model, -f --framework, -if --infer-func, -uds --user-defined-script, -s --save-dir, -d --data,
-gsj --generate-scale-json, -lsj --load-scale-json, -b --bit-width, -i --iteration, -bs --batch-size, -ib --ir-batch, -du --dump,
-gt --generate-template, -mc --mix-config, -l --log-level, -qm --quant-mode, -per --percent, -r --run-mode, -ll --lut-len, -lt --layer-threshold,
-qid --quantize-input-dtype, -od --output-dequant, --mean, --std, -is --input-shapes, -cn --cpu-num, -cd --cache-distribution,
-uis --unify-input-scale, -amr --auto-mix-ratio, -ams --auto-mix-strategy, -on --output-name, -am --accelerate-model, -ov --opset-version,
-do --disable-onnxsim, -sp --spin-quant, -td --ts-drop, -wm --weight-mode, -w, -snn, -enn, -c2chw`
    .split(',')
    .map((names) => names.trim().split(/\s+/))

/** Refused whatever follows: for other chips and frameworks. */
const foreign = new Set(['-sp', '-td', '-wm', '-w', '-snn', '-enn', '-c2chw'])

const page = readFileSync(new URL('../../docs/knight.md', import.meta.url), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `-'))
  .map((line) => [...line.split('|')[1]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!))

it('the page has a row for every flag, and for no other', () => {
  expect(rows).toEqual(flags)
})

describe('every flag', () => {
  it.each(flags)('%s %s is known by all its names', (...names) => {
    const given = names.filter((name): name is string => name !== undefined)
    for (const name of given) {
      if (foreign.has(given[0]!)) {
        expect(() => translate([name, 'x'], quantFlags)).toThrow(
          /is not for this chip|export the model with|caffe2onnx/,
        )
      } else {
        expect(quantFlags.written.get(name)).toBe(given.at(-1)!.replace(/^-+/, ''))
      }
    }
  })
})

// docs/knight.md has a row for every flag of Knight's, and squire does what each row says, from the command line and from a JSON file.

import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configure, quantFlags } from '../../src/cli/configure.js'
import { rows } from './rows/index.js'
import type { RefusedRow, Row, ShownRow } from './rows/row.js'
import { folder, jsonFile, net, quick, runConfig, splitWords as split } from './run.js'

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

const page = readFileSync(new URL('../../docs/knight.md', import.meta.url), 'utf8')
const printed = page
  .split('\n')
  .filter((line) => line.startsWith('| `-'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, names, ...text]) => ({
    names: [...names!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
    text: text.join(' '),
  }))
const longOf = (names: readonly string[]) => names.at(-1)!.replace(/^-+/, '')

it('the page has a row for every flag, and for no other', () => {
  expect(printed.map(({ names }) => names)).toEqual(flags)
})

it('every row of the page has a check, and every check a row', () => {
  expect(Object.keys(rows).sort()).toEqual(printed.map(({ names }) => longOf(names)).sort())
})

it.each(flags)('%s %s is known by all its names', (...names) => {
  const given = names.filter((name): name is string => name !== undefined)
  for (const name of given) expect(quantFlags.written.get(name)).toBe(longOf(given))
})

describe('what the page says of', () => {
  it.each(printed)('$names: $text', async ({ names }) => {
    for (const row of rows[longOf(names)]!) await check(row)
  })
})

async function check(row: Row): Promise<void> {
  if ('check' in row) await row.check()
  else if ('refused' in row) await refuses(row)
  else await shows(row)
}

async function shows({ model = net, beside = '', before, words, json, shows: checked }: ShownRow): Promise<void> {
  await before?.()
  const own = ['-m', model, '-s', mkdtempSync(join(folder, 'row-'))]
  const config = async (...given: string[]) =>
    (await configure(['quant', ...given, ...quick(`${beside} ${words}`), ...split(beside)])).config
  const written = await config(...own, ...split(words))
  const file = jsonFile({ quant: { model, 'save-dir': own[3], ...json } })
  expect(await config('-rc', file)).toEqual(written)
  await checked(await runConfig(written))
}

async function refuses({ beside = '', words, json, refused }: RefusedRow): Promise<void> {
  const own = ['quant', '-m', net, ...split(beside)]
  await expect(configure([...own, ...split(words)])).rejects.toThrow(refused)
  await expect(configure([...own, '-rc', jsonFile({ quant: json })])).rejects.toThrow(refused)
}

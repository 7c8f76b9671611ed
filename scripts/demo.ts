// `npm run demo`: draws text lines, quantizes PP-OCR's text direction classifier on them with every mode and all cores, and refines one of the modes.

import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawTextLine, loadFonts, recipe } from './textLines.js'

const lines = 400
const calibrated = 300

const root = fileURLToPath(new URL('../..', import.meta.url))
const images = path.join('out', 'demo', 'images')
const model = path.join('node_modules', '@gutenye', 'ocr-models', 'assets', 'ch_ppocr_mobile_v2.0_cls_infer.onnx')
const script = path.join('examples', 'text-direction', 'dataset.mjs')
const output = path.join('out', 'demo', 'quantized')
const refined = path.join('out', 'demo', 'refined')
const cache = path.join('out', 'demo', 'cache', 'distribution.arrow')

process.chdir(root)
await drawImages()
await rm(path.dirname(cache), { recursive: true, force: true })
await mkdir(path.dirname(cache), { recursive: true })
const common = [
  ...['--chip', 'TX5105C', 'quant', 'onnx', '-m', model, '-uds', script, '-if', 'textDirection', '-d', images],
  ...['-i', String(calibrated), '--eval-iteration', 'all', '-cd', cache],
]
process.exitCode = await squire(...common, '-qm', 'all', '-gsj', '-s', output)
if (process.exitCode === 0) {
  console.log(
    '\nOne of the modes again, with integer weights chosen from the calibration samples: kept where that gains more than chance would.',
  )
  const words = ['-qm', 'kl_v2', '--zero-points', 'all', '--refine', 'weights', '--compare-iteration', '0']
  process.exitCode = await squire(...common, ...words, '-s', refined)
}
if (process.exitCode === 0) {
  console.log(`
One folder a mode in ${output}:
  *_quantize.onnx   the chip's integer arithmetic, in standard ONNX operators
  *_qdq.onnx        the same scales as QuantizeLinear/DequantizeLinear, for other compilers
  *_scale.json      every scale, multiplier and shift
  report.html       what it did to every layer: open ${path.join(root, output, 'report.html')}
${refined} has what the refinement kept: the plain and the refined ratio of signal to noise stand above, beside each other.
The data is ${images}, and ${script} is the code that brings it: start your own from there.`)
}

/** Draws the text lines, unless a run before has finished that. */
async function drawImages(): Promise<void> {
  const marker = path.join('out', 'demo', 'images.json')
  const content = JSON.stringify({ recipe, lines })
  if ((await readFile(marker, 'utf8').catch(() => '')) === content) return
  console.log(`drawing ${lines} text lines into ${images}`)
  await rm(images, { recursive: true, force: true })
  await mkdir(images, { recursive: true })
  const fonts = await loadFonts()
  for (let index = 0; index < lines; index++) {
    const { turned, png } = await drawTextLine(index, fonts)
    await writeFile(path.join(images, `${String(index).padStart(4, '0')}_${turned}.png`), png)
  }
  await writeFile(marker, content)
}

/** Runs the command as a user would; resolves to its exit status. */
function squire(...words: string[]): Promise<number> {
  console.log(`\n$ squire ${words.join(' ')}\n`)
  const command = path.join('dist', 'src', 'main.js')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...words], { stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (status) => resolve(status ?? 70))
  })
}

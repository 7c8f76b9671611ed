// Rows of options that are for other chips and frameworks.

import type { Rows } from './row.js'

const otherChip = /is not for this chip/

export const foreignRows: Rows = {
  'spin-quant': [{ words: '-sp', json: { 'spin-quant': true }, refused: otherChip }],
  'ts-drop': [{ words: '--ts-drop 0.1', json: { 'ts-drop': 0.1 }, refused: otherChip }],
  'weight-mode': [{ words: '-wm per_tensor', json: { 'weight-mode': 'per_tensor' }, refused: otherChip }],
  w: [{ words: '-w net.caffemodel', json: { w: 'net.caffemodel' }, refused: /caffe2onnx/ }],
  snn: [{ words: '-snn input', json: { snn: 'input' }, refused: /tf2onnx/ }],
  enn: [{ words: '-enn output', json: { enn: 'output' }, refused: /tf2onnx/ }],
  c2chw: [{ words: '-c2chw', json: { c2chw: true }, refused: /tf2onnx/ }],
}

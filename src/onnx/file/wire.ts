// Why bytes are not a model: tells a file cut short from one that never was ONNX, by walking the outermost fields of the message.

/** Fields of ModelProto -> wire type (0 varint, 2 length-delimited). */
const modelFields: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 0],
  [6, 2],
  [7, 2],
  [8, 2],
  [14, 2],
  [20, 2],
  [25, 2],
  [26, 2],
])

/** The end of a sentence that starts with the name of the model. `reason` is what the decoder said. */
export function explainBytes(bytes: Uint8Array, reason: string): string {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 40))
  if (start.startsWith('version https://git-lfs')) {
    return 'is a Git LFS pointer, not the model itself: run "git lfs pull"'
  }
  const end = walk(bytes)
  if (end === 'foreign') return 'is not an ONNX model: give the path of an .onnx file'
  if (end === 'truncated') return `is cut short after ${bytes.length} bytes: copy or download it again`
  return `is not a complete ONNX model (${reason}): export or download it again`
}

function walk(bytes: Uint8Array): 'whole' | 'truncated' | 'foreign' {
  let position = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; position < bytes.length; scale *= 128) {
      const byte = bytes[position++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return undefined
  }
  while (position < bytes.length) {
    const tag = varint()
    if (tag === undefined) return 'truncated'
    const wireType = tag % 8
    if (modelFields.get(Math.floor(tag / 8)) !== wireType) return 'foreign'
    const value = varint()
    if (value === undefined) return 'truncated'
    if (wireType === 2) position += value
    if (position > bytes.length) return 'truncated'
  }
  return 'whole'
}

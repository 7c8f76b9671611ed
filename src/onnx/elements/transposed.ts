// Matrices turned, for weights that lie in the other order than they are needed in.

const BLOCK = 64

/** Rows as columns: [rows, columns] to [columns, rows]. In blocks, which stay in a cache where whole rows do not. */
export function transposed<T extends Float32Array | Int8Array | Int16Array>(
  data: T,
  rows: number,
  columns: number,
  result: T,
): T {
  const isInWords = data instanceof Int8Array && (rows | columns | data.byteOffset | result.byteOffset) % 4 === 0
  if (isInWords) turnWords(wordsOf(data), rows / 4, columns / 4, wordsOf(result))
  else turnElements(data, rows, columns, result)
  return result
}

function turnElements<T extends Float32Array | Int8Array | Int16Array>(
  data: T,
  rows: number,
  columns: number,
  result: T,
): void {
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(top + BLOCK, rows)
    for (let left = 0; left < columns; left += BLOCK) {
      const right = Math.min(left + BLOCK, columns)
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) result[column * rows + row] = data[row * columns + column]!
      }
    }
  }
}

const wordsOf = ({ buffer, byteOffset, length }: Float32Array | Int8Array | Int16Array) =>
  new Int32Array(buffer, byteOffset, length / 4)

/** Bytes, four by four of them at once: a word holds four columns of a row. `height` and `width` count blocks of 4 x 4. */
function turnWords(data: Int32Array, height: number, width: number, result: Int32Array): void {
  const size = BLOCK / 4
  for (let top = 0; top < height; top += size) {
    const bottom = Math.min(top + size, height)
    for (let left = 0; left < width; left += size) {
      const right = Math.min(left + size, width)
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) {
          const [from, to] = [4 * row * width + column, 4 * column * height + row]
          const a = data[from]!
          const b = data[from + width]!
          const c = data[from + 2 * width]!
          const d = data[from + 3 * width]!
          result[to] = (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24)
          result[to + height] = ((a >> 8) & 0xff) | (b & 0xff00) | ((c & 0xff00) << 8) | ((d & 0xff00) << 16)
          result[to + 2 * height] = ((a >> 16) & 0xff) | ((b >> 8) & 0xff00) | (c & 0xff0000) | ((d & 0xff0000) << 8)
          result[to + 3 * height] = (a >>> 24) | ((b >> 16) & 0xff00) | ((c >> 8) & 0xff0000) | (d & 0xff000000)
        }
      }
    }
  }
}

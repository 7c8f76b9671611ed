// Matrices turned, for weights that lie in the other order than they are needed in.

const BLOCK = 64

/** Rows as columns: [rows, columns] to [columns, rows]. In blocks, which stay in a cache where whole rows do not. */
export function transposed<T extends Float32Array | Int8Array | Int16Array>(
  data: T,
  rows: number,
  columns: number,
  result: T,
): T {
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(top + BLOCK, rows)
    for (let left = 0; left < columns; left += BLOCK) {
      const right = Math.min(left + BLOCK, columns)
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) result[column * rows + row] = data[row * columns + column]!
      }
    }
  }
  return result
}

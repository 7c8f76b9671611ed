// Numbers in sentences.

export function shortText(value: number): string {
  return String(Number(value.toPrecision(3)))
}

export function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

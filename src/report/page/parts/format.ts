// Numbers for people: few digits, a real minus sign, an en dash where there is nothing.

export const nothing = '–'

/** Three significant digits; very large and very small ones with an exponent. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return nothing
  if (value === 0) return '0'
  const size = Math.abs(value)
  return minus(size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(3))))
}

export function fixed(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? nothing : minus(value.toFixed(digits))
}

/** A number of things; `unit` is a singular that takes an s. */
export function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** A share as per cent. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return nothing
  if (share === 0) return '0 %'
  const value = share * 100
  return value < 0.01 ? '< 0.01 %' : `${Number(value.toPrecision(value < 1 ? 2 : 3))} %`
}

/** A change as per cent, with its sign. */
export function signedPercent(change: number | null | undefined): string {
  if (change === null || change === undefined) return nothing
  return `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`
}

/** A cosine as a person can tell it from 1. */
export function cosineText(value: number | null): string {
  return value === null ? nothing : fixed(value, value > 0.9999 ? 6 : 4)
}

export function seconds(value: number): string {
  if (value < 100) return `${value.toFixed(1)} s`
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`
}

function minus(text: string): string {
  return text.replaceAll('-', '−')
}

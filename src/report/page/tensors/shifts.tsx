// An operator's integers, and how far its shifts are from what the chip allows.

interface ShiftsProps {
  readonly kind: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly qRange: readonly [number, number]
}

export function Shifts({ kind, parameters, qRange }: ShiftsProps) {
  const shifts = shiftsOf(parameters)
  const others = Object.entries(parameters).filter(
    ([name, value]) => !/^q\d$/.test(name) && name !== 'requantize' && value !== null && name !== 'label',
  )
  if (shifts.length === 0 && others.length === 0) return null
  const [least, most] = qRange
  return (
    <>
      <h4>Integers of the {kind}</h4>
      <ul class="shifts">
        {shifts.map(([name, value]) => (
          <li key={name}>
            <span class="name">{name}</span>
            <meter min={least} max={most} value={value} aria-label={`${name}, of ${least} to ${most}`} />
            <span class="number">{value}</span>
            <span class="quiet">{roomText(value, least, most)}</span>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <p class="quiet">
          {others
            .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' … ') : String(value)}`)
            .join(', ')}
        </p>
      )}
    </>
  )
}

/** q0, q1, q2 and the shifts of requantizations. */
function shiftsOf(parameters: ShiftsProps['parameters']): [string, number][] {
  const own = Object.entries(parameters).filter(
    (entry): entry is [string, number] => /^q\d$/.test(entry[0]) && typeof entry[1] === 'number',
  )
  const { requantize } = parameters
  const list: unknown[] = Array.isArray(requantize) ? requantize : [requantize]
  const shifts = list.flatMap((one, i): [string, number][] => {
    if (typeof one !== 'object' || one === null || !('shift' in one) || typeof one.shift !== 'number') return []
    return [[list.length === 1 ? 'shift' : `shift of input ${i + 1}`, one.shift]]
  })
  return [...own, ...shifts]
}

function roomText(value: number, least: number, most: number): string {
  const room = Math.min(value - least, most - value)
  if (room > 0) return `${room} from ${value - least < most - value ? `the least, ${least}` : `the most, ${most}`}`
  return value === least ? 'at the least' : 'at the most'
}

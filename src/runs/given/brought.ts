// Scales that a QDQ model brings: what of them the plan takes over. squire's own models bring every integer.

import type { Prepared } from '../../calibrate/prepare.js'
import { type Config, quantModes } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import { type CarriedIntegers, carriedBy } from '../../export/carriedIntegers.js'
import { describedBy } from '../../export/description.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { Offset } from '../../offsets/range.js'
import { type HeldActivation, type QdqScales, takeQdq } from '../../onnx/import/qdq.js'
import type { Model } from '../../onnx/types.js'
import type { ScaleGroup } from '../../plan/types.js'
import type { Reporter } from '../../report/types.js'
import type { Given } from './given.js'

export interface FloatModel {
  readonly model: Model
  /** Undefined for a model that was float as it came. */
  readonly scales: QdqScales | undefined
  /** Whether squire wrote it: then it is optimized, and the plan of its graph is the one that it was written from. */
  readonly isOwn: boolean
}

/** The float model of a model as it was given. @throws SquireError UNSUPPORTED for an integer model of squire's, and as takeQdq() and carriedBy() do */
export async function floatModel(given: Model): Promise<FloatModel> {
  if ((describedBy(given.proto)?.tensors.length ?? 0) > 0) {
    throw new SquireError(
      'UNSUPPORTED',
      `model "${given.path}" is an integer model that squire wrote: it is quantized already. Give the float model, or the *_qdq.onnx beside it.`,
    )
  }
  const taken = await takeQdq(given.proto)
  const isOwn = carriedBy(given.proto) !== undefined
  const model = taken === undefined ? given : { ...given, proto: taken.proto }
  // A model of squire's in 16 bits has no Q and DQ nodes: all of its integers are carried beside them.
  const scales = taken?.scales ?? (isOwn ? { activations: new Map(), weights: new Map() } : undefined)
  return { model, scales, isOwn }
}

/** What the plan takes of the model's scales. */
export function broughtScales({ chip }: Config, prepared: Prepared, brought: QdqScales, reporter: Reporter): Given {
  const carried = carriedBy(prepared.model.proto)
  const description = describedBy(prepared.model.proto)
  if (carried !== undefined && description?.chip === chip && isComplete(carried, prepared)) {
    reporter.info('the model is a QDQ model of squire for this chip: its integers are taken over')
    return ownIntegers(carried, prepared)
  }
  return takenOver(prepared, brought, reporter)
}

function isComplete({ tensors }: CarriedIntegers, { plan }: Prepared): boolean {
  return plan.groups.every(({ tensors: names, bits }) => names.every((name) => tensors.get(name)?.bits === bits))
}

function ownIntegers({ tensors, scaleFixes }: CarriedIntegers, { model }: Prepared): Given {
  const description = describedBy(model.proto)!
  const offsets = [...tensors].flatMap(([name, { offset }]) => (offset === undefined ? [] : [[name, offset] as const]))
  return {
    scales: new Map([...tensors].map(([name, { scale }]) => [name, scale])),
    thresholds: new Map(),
    zeroPoints: { kind: 'folded', offsets: new Map(offsets) },
    accumulations: { scaleFixes },
    origin: { mode: quantModes.find((mode) => mode === description.mode), options: description.options },
  }
}

function takenOver({ plan }: Prepared, { activations, weights }: QdqScales, reporter: Reporter): Given {
  const thresholds = new Map<string, number>()
  const wished = new Map<string, Offset>()
  const scales = new Map<string, number>()
  for (const scaleGroup of plan.groups) {
    const held = heldAs(scaleGroup, activations)
    if (held === undefined) continue
    const { scale, zeroPoint } = held
    const [least, most] = rangeOf(scaleGroup.bits)
    // Where a zero point cannot be folded into biases, the symmetric range that holds all values takes its place.
    const farthest = zeroPoint === 0 ? most : Math.max(most - zeroPoint, zeroPoint - least)
    const symmetric = Math.fround((scale * farthest) / most)
    thresholds.set(scaleGroup.name, symmetric * most)
    if (scaleGroup.bits > 8) for (const name of scaleGroup.tensors) scales.set(name, symmetric)
    else if (zeroPoint !== 0) wished.set(scaleGroup.name, { scale, offset: Math.fround(-zeroPoint * scale) })
  }
  const rest = plan.groups.length - thresholds.size
  reporter.info(
    `the model is a QDQ model: ${thresholds.size} of ${plan.groups.length} scales of tensors are its own, ${rest} are calibrated; ` +
      `scales of ${weights.size} weights are its own`,
  )
  const accumulations = { weightScales: weights }
  return { scales, thresholds, zeroPoints: { kind: 'wished', wished }, accumulations, origin: undefined }
}

/** How the model holds a group's tensors: as the one of the widest range, where they differ. Tensors of another width are calibrated. */
function heldAs(
  { tensors, bits }: ScaleGroup,
  activations: ReadonlyMap<string, HeldActivation>,
): HeldActivation | undefined {
  const known = tensors.flatMap((name) => activations.get(name) ?? []).filter((held) => held.bits === bits)
  return known.length === 0 ? undefined : known.reduce((widest, held) => (held.scale > widest.scale ? held : widest))
}

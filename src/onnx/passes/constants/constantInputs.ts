// Initializers that are also graph inputs are constants. Models before IR 4 had to list every initializer as an input; later ones may, to let
// a caller override it, which squire does not support: a quantized model's constants are fixed.

import { toNumber } from '../../elements/int64.js'
import type { ModelProto } from '../../types.js'
import { changed, type Pass } from '../pass.js'

/** The first IR version in which an initializer need not be an input. */
export const FREE_INITIALIZERS = 4

export const constantInputs: Pass = {
  title: 'inputs with a default made constants',
  apply(proto: ModelProto) {
    const initializers = new Set(proto.graph.initializer.map(({ name }) => name))
    const input = proto.graph.input.filter(({ name }) => !initializers.has(name))
    const count = proto.graph.input.length - input.length
    const irVersion = Math.max(toNumber(proto.irVersion), FREE_INITIALIZERS)
    return count === 0 ? { proto, count } : changed({ ...proto, irVersion }, { input }, count)
  },
}

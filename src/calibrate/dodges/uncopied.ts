// Outputs without a copy. onnxruntime-node copies every output it fetches into a new array, also one that was preallocated and already holds
// the values: 10 MB a forward for SqueezeNet's 26 convolutions, and as much garbage. Its binding converts outputs in model order, after the run,
// and refuses one that is not a tensor. So a model whose first output is a sequence runs to its end, fills the preallocated arrays, and then
// reports that refusal instead of copying. session.ts tries this once, against a run with copies, and goes on with copies where it does not work.

import { makeAttribute } from '../../onnx/attribute.js'
import { REFUSED_OUTPUT, RESERVED } from '../../onnx/names/reserved.js'
import { makeNode } from '../../onnx/node.js'
import { makeTensor } from '../../onnx/tensor.js'
import { DataType, type ModelProto } from '../../onnx/types.js'

/** The model with an output that is not a tensor before its own. ai.onnx.ml's ZipMap makes one in every opset. */
export function withRefusedOutput(proto: ModelProto): ModelProto {
  const constant = makeTensor(`${RESERVED}input`, DataType.FLOAT, [1, 1], Float32Array.of(0))
  const zipMap = makeNode('ZipMap', [constant.name], [REFUSED_OUTPUT], [makeAttribute('classlabels_int64s', [0])])
  const domain = 'ai.onnx.ml'
  const known = proto.opsetImport.some((entry) => entry.domain === domain)
  return {
    ...proto,
    opsetImport: known ? proto.opsetImport : [...proto.opsetImport, { domain, version: 1 }],
    graph: {
      ...proto.graph,
      node: [...proto.graph.node, { ...zipMap, domain }],
      initializer: [...proto.graph.initializer, constant],
      output: [{ name: REFUSED_OUTPUT }, ...proto.graph.output],
    },
  }
}

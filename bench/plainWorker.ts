// Plain inference, as tight as it gets: one session, one loop, decoded inputs. What calibration is measured against.

import { parentPort, workerData } from 'node:worker_threads'
import { openDataset } from '../src/dataset/datasets.js'
import type { DatasetSource } from '../src/dataset/source.js'
import type { ModelFile } from '../src/engine/protocol.js'
import { createSession } from '../src/onnx/runtime/session.js'

const { model, source } = workerData as { readonly model: ModelFile; readonly source: DatasetSource }
const session = await createSession(model.path)
const dataset = await openDataset(source, model.inputs)

parentPort!.on('message', async ({ from, to }: { readonly from: number; readonly to: number }) => {
  const feeds = []
  for (let i = from; i < to; i++) feeds.push((await dataset.load(i)).feeds)
  parentPort!.postMessage('loaded')
  const start = performance.now()
  for (const one of feeds) await session.run(one, model.outputs)
  parentPort!.postMessage({ start: start + performance.timeOrigin, end: performance.now() + performance.timeOrigin })
})
parentPort!.postMessage('ready')

// What a run was made from, as its report says: the versions that its numbers depend on, and the files by what is in them.

import type { Config } from '../config/config.js'
import { fileHash } from '../files/fileHash.js'
import { runtimeVersion } from '../onnx/runtime/session.js'
import type { Model } from '../onnx/types.js'
import type { Origin } from '../report/data/report.js'
import { squireVersion } from '../version.js'

/** Options that name files whose content decides numbers, beside the model and the data, which have identities of their own. */
const files = ['userScript', 'mixConfig', 'loadScaleJson'] as const satisfies (keyof Config)[]

export async function originOf(
  config: Config,
  { hash, fileHash: model = hash }: Model,
): Promise<Pick<Origin, 'versions' | 'hashes'>> {
  const hashes = files.map(async (key) => [key, config[key] === undefined ? null : await fileHash(config[key])])
  return {
    versions: { squire: squireVersion(), onnxruntime: runtimeVersion() },
    hashes: { model, ...Object.fromEntries(await Promise.all(hashes)) },
  }
}

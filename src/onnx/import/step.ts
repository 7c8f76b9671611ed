// What a step of the import is.

import type { ModelProto } from '../types.js'

/** @returns the changed model, and where users should know of the change, a line that says so */
export type ImportStep = (proto: ModelProto) => { readonly proto: ModelProto; readonly line?: string }

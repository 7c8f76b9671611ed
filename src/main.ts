#!/usr/bin/env node
// The command `squire`.

import { run } from './cli/run.js'
import { guardStreams } from './report/console/standardStreams.js'

guardStreams()
process.exitCode = await run(process.argv.slice(2))

// A user's script may have left timers or sockets open: they do not keep a finished run alive.
setTimeout(() => process.exit(), 500).unref()

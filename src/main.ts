#!/usr/bin/env node
// The command `squire`.

import { run } from './cli/run.js'

// A reader that stops early, as in `squire --help | head`, is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2))

// A user's script may have left timers or sockets open: they do not keep a finished run alive.
setTimeout(() => process.exit(), 500).unref()

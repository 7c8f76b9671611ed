// Property tests draw the same cases in every run, so that a failure is a change of the code. SQUIRE_SEED draws others.

import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.SQUIRE_SEED ?? 1) })

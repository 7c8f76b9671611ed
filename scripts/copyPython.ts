// The Python half of the bridge, beside the compiled half: tsc copies no .py files.

import { cpSync } from 'node:fs'

const folder = 'src/dataset/script/python/package'
cpSync(folder, `dist/${folder}`, { recursive: true, filter: (path) => !path.endsWith('__pycache__') })

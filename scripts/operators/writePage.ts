// Writes docs/operators.md.

import { writeFile } from 'node:fs/promises'
import { operatorsPage, pagePath } from './page.js'

await writeFile(pagePath, await operatorsPage())

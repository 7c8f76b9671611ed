// report.html: the page, its style and the data in one file, which asks for nothing else.

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The page as esbuild bundled it, also when squire itself runs from its TypeScript sources (in tests). */
function built(name: string): Promise<string> {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/src/report/page/' : './page/'
  return readFile(fileURLToPath(new URL(folder + name, import.meta.url)), 'utf8')
}

/**
 * @param reports content of one report.json, or of two that the page compares
 * @param runs content of the run.json beside each; undefined where there is none
 */
export async function reportHtml(reports: readonly string[], runs: readonly (string | undefined)[]): Promise<string> {
  const [script, style] = await Promise.all([built('main.js'), built('main.css')])
  const data = `{"reports":[${reports.map(compact)}],"runs":[${runs.map((run) => (run === undefined ? 'null' : compact(run)))}]}`
  const names = reports.map((report) => (JSON.parse(report) as { model: string }).model)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeText([...new Set(names)].join(', '))} · squire</title>
<style>${style}</style>
</head>
<body>
<div id="page"><noscript>This report needs JavaScript; report.json beside it has the same numbers.</noscript></div>
<script type="application/json" id="squire-report">${data}</script>
<script>${script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`
}

/** JSON that cannot end the element that it stands in, whatever a tensor is called. */
function compact(json: string): string {
  return JSON.stringify(JSON.parse(json)).replaceAll('<', '\\u003c')
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

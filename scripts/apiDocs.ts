// docs/library.md: the public interface from its docstrings, and every option from its table. `npm run docs` writes it; with --check it is compared.
//
// API Extractor reads the declarations that tsc wrote, with a TypeScript of its own: tools on the compiler's API do not work with ours.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import {
  ApiDeclaredItem,
  ApiDocumentedItem,
  type ApiItem,
  ApiItemContainerMixin,
  ApiItemKind,
  ApiPackage,
} from '@microsoft/api-extractor-model'
import { flatten } from '../src/config/option.js'
import { options } from '../src/config/options/index.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const page = join(repository, 'docs/library.md')

const head = `# The library

Made by \`npm run docs\` from the docstrings of \`src/index.ts\`: do not edit. [README](../README.md#library) and
[examples/library](../examples/library) show how it is used.
`

/** The page as it should be. */
async function libraryPage(): Promise<string> {
  const api = await extracted()
  const items = api.entryPoints[0]!.members
  const of = (...kinds: readonly ApiItemKind[]) => items.filter(({ kind }) => kinds.includes(kind))
  const sections = [
    ['Functions', of(ApiItemKind.Function)],
    ['Errors', of(ApiItemKind.Class, ApiItemKind.Variable)],
    ['Types', of(ApiItemKind.Interface, ApiItemKind.TypeAlias)],
  ] as const
  const parts = sections.map(([title, members]) => [`## ${title}`, ...members.map(section)].join('\n\n'))
  return `${[head.trimEnd(), ...parts, optionTable()].join('\n\n')}\n`
}

async function extracted(): Promise<ApiPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'squire-docs-'))
  try {
    const apiJsonFilePath = join(folder, 'api.json')
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: repository,
        mainEntryPointFilePath: join(repository, 'dist/src/index.d.ts'),
        compiler: { tsconfigFilePath: join(repository, 'tsconfig.json') },
        apiReport: { enabled: false },
        docModel: { enabled: true, apiJsonFilePath },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: { extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } } },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(repository, 'package.json'),
    })
    const { succeeded } = Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true
      },
    })
    if (!succeeded) throw new Error('API Extractor could not read the declarations.')
    return ApiPackage.loadFromJsonFile(apiJsonFilePath)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function section(item: ApiItem): string {
  const members = ApiItemContainerMixin.isBaseClassOf(item) ? item.members : []
  return [`### ${item.displayName}`, documentation(item), code([item]), ...members.flatMap(member)]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** A member that says something of itself. */
function member(item: ApiItem): string[] {
  const text = documentation(item)
  if (text === '' || item.kind === ApiItemKind.Constructor) return []
  return [`- \`${signature(item).replaceAll(/\s+/g, ' ')}\`: ${text.replaceAll('\n', '\n  ')}`]
}

/** Its declaration; of an interface with all of its members. */
function code([item]: readonly [ApiItem]): string {
  const members = ApiItemContainerMixin.isBaseClassOf(item) ? item.members : []
  const lines = members.map((one) => `  ${signature(one)}`)
  const declared = signature(item)
  return ['```ts', ...(lines.length === 0 ? [declared] : [`${declared} {`, ...lines, '}']), '```'].join('\n')
}

function signature(item: ApiItem): string {
  if (!(item instanceof ApiDeclaredItem)) return item.displayName
  return item.excerpt.text
    .replace(/^export (declare )?/, '')
    .replace(/;$/, '')
    .trim()
}

/** The docstring as Markdown; examples in it are indented. */
function documentation(item: ApiItem): string {
  if (!(item instanceof ApiDocumentedItem) || item.tsdocComment === undefined) return ''
  const source = item.tsdocComment.emitAsTsdoc()
  const lines = source
    .replace(/^\/\*\*/, '')
    .replace(/\*\/\s*$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  return lines
    .join('\n')
    .replaceAll(/@throws\s+/g, 'Throws ')
    .replaceAll(/^@param (\w+) -? ?/gm, '- `$1`: ')
    .trim()
}

function optionTable(): string {
  const rows = flatten(options).map(([key, { long, help, fallback, fallbackInWords = '' }]) => {
    // What a function gives depends on the machine.
    const fixed = fallback !== undefined && typeof fallback !== 'function'
    const standard = fixed ? `\`${JSON.stringify(fallback)}\`` : fallbackInWords
    return `| \`${key}\` | \`--${long}\` | ${help.replaceAll('|', '\\|')} | ${standard} |`
  })
  return [
    '## Options',
    'The keys of `ConfigOptions`, what the command line calls them, and what they are where they are left away.',
    ['| key | flag | what it is | default |', '| --- | ---- | ---------- | ------- |', ...rows].join('\n'),
  ].join('\n\n')
}

const text = await libraryPage()
if (!process.argv.includes('--check')) await writeFile(page, text)
else if ((await readFile(page, 'utf8')) !== text) {
  console.error('docs/library.md is not what the docstrings say: run `npm run docs`.')
  process.exitCode = 1
}

// `squire completion SHELL`: a script that completes commands, options and the words that options choose from. All of it is written from the tables.

import { nearest } from '../../config/nearest.js'
import { listed, SquireError } from '../../errors.js'
import { readCommandLine } from '../commandLine.js'
import { type Flag, flagsOf } from '../flags.js'
import { print } from '../print.js'
import type { Command } from './types.js'

const options = {}
const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export const completion: Command = {
  usage: 'completion bash|zsh|fish',
  description: 'Prints the completion script of a shell.',
  operands: shells,
  options,
  epilogue: `
Where the script goes:
  bash  squire completion bash > ~/.local/share/bash-completion/completions/squire
  zsh   squire completion zsh > "\${fpath[1]}/_squire"
  fish  squire completion fish > ~/.config/fish/completions/squire.fish
`,
  async run(argv, commands) {
    const [shell, ...more] = readCommandLine(argv, options).operands
    const write = shell === undefined || !Object.hasOwn(scripts, shell) ? undefined : scripts[shell as Shell]
    if (write === undefined || more.length > 0) throw unknownShell(shell, more)
    const all = new Map<string, Completed>()
    for (const [name, { summary, load }] of Object.entries(commands)) {
      const { options, operands = [] } = await load()
      all.set(name, { summary, operands, flags: [...flagsOf(options).byLong.values()] })
    }
    return print(write(all))
  },
}

const scripts: Readonly<Record<Shell, (all: All) => string>> = { bash, zsh, fish }
interface Completed {
  readonly summary: string
  readonly operands: readonly string[]
  readonly flags: readonly Flag[]
}
type All = ReadonlyMap<string, Completed>

function unknownShell(shell: string | undefined, more: readonly string[]): SquireError {
  const near = shell === undefined ? undefined : nearest(shell, shells)
  const hint = near === undefined || near === shell ? '' : `; did you mean "${near}"?`
  const got = shell === undefined ? 'none' : `"${[shell, ...more].join(' ')}"`
  return new SquireError('USAGE', `squire completion: expected ${listed(shells)}, got ${got}${hint}`)
}

const namesOf = ({ long, short }: Flag) => (short === undefined ? [`--${long}`] : [`-${short}`, `--${long}`])

/** A text inside single quotes, for any shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

function bash(all: All): string {
  const wordCases = (flags: readonly Flag[]) =>
    flags.flatMap((flag) =>
      flag.value.words === undefined
        ? []
        : [
            `      ${namesOf(flag).join('|')}) COMPREPLY=($(compgen -W ${quoted(flag.value.words.join(' '))} -- "$current")); return ;;`,
          ],
    )
  const commandCases = [...all].map(([name, { operands, flags }]) =>
    [
      `    ${name})`,
      ...(operands.length === 0 ? [] : [`      operands=${quoted(operands.join(' '))}`]),
      `      case $option in`,
      ...wordCases(flags),
      `      esac`,
      `      names=${quoted(flags.flatMap(namesOf).join(' '))} ;;`,
    ].join('\n'),
  )
  return `# bash completion of squire
_squire() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=quant operands option names word at
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${[...all.keys()].join('|')}) command=$word; break ;; esac
  done
  # An option of several words: the nearest option before is the one that they belong to.
  for ((at = COMP_CWORD - 1; at > 0; at--)); do
    case \${COMP_WORDS[at]} in -*) option=\${COMP_WORDS[at]}; break ;; esac
  done
  case $command in
${commandCases.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$names" -- "$current"))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted([...all.keys()].join(' '))} -- "$current"))
  elif [[ -n $operands && \${COMP_WORDS[COMP_CWORD-1]} == "$command" ]]; then
    COMPREPLY=($(compgen -W "$operands" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _squire squire
`
}

function zsh(all: All): string {
  const spec = (flag: Flag) => {
    const help = flag.help.replaceAll(/[[\]:\\]/g, '\\$&')
    const { form, placeholder, words } = flag.value
    const names = namesOf(flag)
    const value =
      form === 'switch'
        ? ''
        : `:${placeholder.replaceAll(':', '')}:${words === undefined ? '_files' : `(${words.join(' ')})`}`
    return names.map((name) => `      ${quoted(`*${name}[${help}]${value}`)}`).join(' \\\n')
  }
  const rest = (operands: readonly string[]) =>
    `'*:${operands.length === 0 ? 'file:_files' : `name:(${operands.join(' ')})`}'`
  const cases = [...all].map(
    ([name, { operands, flags }]) =>
      `    ${name})\n    _arguments \\\n${flags.map((flag) => `${spec(flag)} \\\n`).join('')}      ${rest(operands)} ;;`,
  )
  const list = [...all].map(([name, { summary }]) => quoted(`${name}:${summary.replaceAll(':', '\\:')}`))
  return `#compdef squire
_squire() {
  local command=quant word
  for word in \${words[2,CURRENT-1]}; do
    case $word in ${[...all.keys()].join('|')}) command=$word; break ;; esac
  done
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    local -a names=(${list.join(' ')})
    _describe command names
    return
  fi
  case $command in
${cases.join('\n')}
  esac
}
compdef _squire squire
`
}

function fish(all: All): string {
  const others = [...all.keys()].filter((name) => name !== 'quant').join(' ')
  const lines = [...all].flatMap(([name, { summary, operands, flags }]) => [
    `complete -c squire -n __fish_is_first_token -f -a ${name} -d ${quoted(summary)}`,
    ...(operands.length === 0
      ? []
      : [`complete -c squire -n '__fish_seen_subcommand_from ${name}' -f -a ${quoted(operands.join(' '))}`]),
    ...flags.map(({ long, short, help, value }) => {
      const when =
        name === 'quant' ? `not __fish_seen_subcommand_from ${others}` : `__fish_seen_subcommand_from ${name}`
      const names = short === undefined ? `-l ${long}` : `-o ${short} -l ${long}`
      const takes =
        value.form === 'switch' ? '' : value.words === undefined ? ' -r' : ` -x -a ${quoted(value.words.join(' '))}`
      return `complete -c squire -n ${quoted(when)} ${names}${takes} -d ${quoted(help)}`
    }),
  ])
  return `# fish completion of squire\n${lines.join('\n')}\n`
}

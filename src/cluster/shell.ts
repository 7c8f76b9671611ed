// Words as a POSIX shell reads them.

/** A word that the shell takes as it is. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

/** How often a task is tried where the engine itself does not repeat it. */
const ATTEMPTS = 3

/**
 * Runs a task's commands, again when one fails by chance. Statuses 2 to 4 say that the command line, the data or the chip are at fault: it would
 * fail again. 130 and 143 say that somebody ended the task.
 */
export function tried(commands: readonly string[]): string {
  return `task() {
${commands.map((command) => `  ${command} || return`).join('\n')}
}
for attempt in $(seq ${ATTEMPTS}); do
  status=0
  task || status=$?
  case $status in [0-4] | 130 | 143) exit $status ;; esac
done
exit $status
`
}

// Completion for shells, made from the table of commands.

import { type Command, exitCodes, UsageError } from './command.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export const completion: Command = {
  name: 'completion',
  summary: 'Print the completion for bash, zsh or fish',
  operands: 'bash|zsh|fish',
  example: 'completion bash',
  options: {},
  about:
    'bash: source <(hipaa-mcp completion bash)\nzsh:  source <(hipaa-mcp completion zsh)\nfish: hipaa-mcp completion fish | source',
  run: async ([shell], _, screen) => {
    const { commands } = await import('./commands.ts')
    if (!shells.includes(shell as (typeof shells)[number]))
      throw new UsageError('completion wants bash, zsh or fish')
    screen.out(scripts[shell as (typeof shells)[number]](commands))
    return exitCodes.ok
  },
}

const words = (commands: readonly Command[]): string[] => [
  ...new Set(commands.map(({ name }) => name.split(' ')[0] as string)),
]
const optionsOf = ({ options }: Command): string =>
  [...Object.keys(options), 'help'].map((name) => `--${name}`).join(' ')

/** So that `trail` does not answer for `trail export`. */
const longestFirst = (commands: readonly Command[]): Command[] =>
  commands.toSorted((a, b) => b.name.length - a.name.length)

const scripts: { [shell in (typeof shells)[number]]: (commands: readonly Command[]) => string } = {
  bash: (commands) => `_hipaa_mcp() {
  local line="\${COMP_WORDS[*]:1:COMP_CWORD-1}" cur="\${COMP_WORDS[COMP_CWORD]}"
  case "$line" in
${seconds(commands)
  .map(([first, rest]) => `    "${first}") COMPREPLY=($(compgen -W "${rest}" -- "$cur")); return ;;`)
  .join('\n')}
${longestFirst(commands)
  .map(
    (command) =>
      `    "${command.name}"*) COMPREPLY=($(compgen -W "${offers(command)}" -- "$cur") $(compgen -d -- "$cur")); return ;;`,
  )
  .join('\n')}
    "") COMPREPLY=($(compgen -W "${words(commands).join(' ')}" -- "$cur")); return ;;
  esac
}
complete -F _hipaa_mcp hipaa-mcp`,
  zsh: (commands) => `#compdef hipaa-mcp
autoload -Uz bashcompinit && bashcompinit
${scripts.bash(commands)}`,
  fish: (commands) =>
    [
      'complete -c hipaa-mcp -f',
      ...commands.flatMap((command) => {
        const [first, second] = command.name.split(' ')
        const seen = `'__fish_seen_subcommand_from ${first}'`
        return [
          `complete -c hipaa-mcp -n '__fish_use_subcommand' -a ${first} -d '${command.summary}'`,
          ...(second === undefined
            ? []
            : [`complete -c hipaa-mcp -n ${seen} -a ${second} -d '${command.summary}'`]),
          ...Object.entries(command.options).map(
            ([name, { help, value }]) =>
              `complete -c hipaa-mcp -n ${seen} -l ${name}${value === undefined ? '' : ' -r'} -d '${help.replaceAll("'", '’')}'`,
          ),
        ]
      }),
    ].join('\n'),
}

/** What may follow a command: its options, and its operands where they are fixed words. */
function offers(command: Command): string {
  const fixed = /^[a-z]+(?:\|[a-z]+)+$/.test(command.operands) ? command.operands.split('|') : []
  return [optionsOf(command), ...fixed].join(' ')
}

/** First word -> second words. */
function seconds(commands: readonly Command[]): [string, string][] {
  const pairs = commands.map(({ name }) => name.split(' ')).filter((parts) => parts.length === 2) as [
    string,
    string,
  ][]
  return [...Map.groupBy(pairs, ([first]) => first)].map(([first, group]) => [
    first,
    group.map(([, second]) => second).join(' '),
  ])
}

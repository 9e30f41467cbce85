#!/usr/bin/env node
// The command line `hipaa-mcp`, also usable as `kubectl hipaa`.

import { parseArgs } from 'node:util'
import own from '../package.json' with { type: 'json' }
import {
  CannotError,
  type Command,
  exitCodes,
  type Option,
  type Screen,
  UsageError,
  type Values,
} from './command.ts'
import { commands } from './commands.ts'
import { generalHelp, helpOf } from './help.ts'
import { visible, visibleLines } from './visible.ts'

/** Runs the command line. Resolves to the exit code. */
export async function run(args: readonly string[], screen: Screen): Promise<number> {
  if (args[0] === 'help' && args.length > 1) return await run([...args.slice(1), '--help'], screen)
  const command = commandOf(args)
  if (command === undefined) return withoutCommand(args, screen)
  try {
    const { operands, values } = read(command, args)
    if (values['help'] === true) {
      screen.out(helpOf(command, screen.width))
      return exitCodes.ok
    }
    return await command.run(operands, values, screen)
  } catch (error) {
    const usage = error instanceof UsageError
    screen.note(visibleLines(error instanceof Error ? error.message : String(error)))
    if (usage) screen.note(`hipaa-mcp ${command.name} --help says how.`)
    else if (!(error instanceof CannotError) && process.env['HIPAA_MCP_DEBUG'] === '1') console.error(error)
    return usage ? exitCodes.usage : exitCodes.failed
  }
}

const asksHelp = (word: string | undefined): boolean => ['help', '--help', '-h'].includes(word ?? '')

/** Help of all, or of those that share a first word, such as `break-glass`; or the version. */
function withoutCommand([first, second]: readonly string[], screen: Screen): number {
  if (first === '--version') {
    screen.out(own.version)
    return exitCodes.ok
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (first === undefined || asksHelp(first) || (group.length > 0 && asksHelp(second))) {
    screen.out(generalHelp(group.length > 0 ? group : commands, screen.width))
    return first === undefined ? exitCodes.usage : exitCodes.ok
  }
  screen.note(
    group.length > 0
      ? `${first} wants one of ${group.map(({ name }) => name.split(' ')[1]).join(', ')}`
      : `There is no command ${JSON.stringify(first)}. hipaa-mcp --help lists them.`,
  )
  return exitCodes.usage
}

/** Undefined where the first words name none. */
export function commandOf(args: readonly string[]): Command | undefined {
  // Of `trail` and `trail export`, the one of more words.
  return commands
    .filter(({ name }) => name.split(' ').every((word, i) => args[i] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0]
}

/** What a command line says to its command. Throws `UsageError`. */
export function read(command: Command, args: readonly string[]): { operands: string[]; values: Values } {
  const all: { [name: string]: Option } = { ...command.options, help: { help: '', short: 'h' } }
  const options = Object.fromEntries(
    Object.entries(all).map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  )
  try {
    const own = args.slice(command.name.split(' ').length)
    const { positionals, values } = parseArgs({ args: own, options, allowPositionals: true })
    return { operands: positionals, values }
  } catch (error) {
    throw new UsageError(wrong(command, error as Error))
  }
}

/** Node says it for those who wrote the program. */
function wrong({ name, options }: Command, { message }: Error): string {
  const [shown = '', word = ''] = /--?([^' <=,]+)(?=[ <=']|, --[^' <=]+)/.exec(message) ?? []
  if (message.startsWith('Unknown option')) return `${name} knows no option ${shown}`
  const [long, option] =
    Object.entries(options).find(([full, { short }]) => full === word || short === word) ?? []
  return option?.value === undefined
    ? `--${long ?? 'help'} takes no value`
    : `--${long} wants ${option.value}: ${option.help}`
}

if (import.meta.main) {
  const live = process.stderr.isTTY
  // Whoever read has read enough (`| head`): that is no fault, and nobody is left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  process.exitCode = await run(process.argv.slice(2), {
    // Commands make their own lines fit for a screen; this is for those that forget.
    out: (line) => process.stdout.write(`${visibleLines(line)}\n`),
    note: (line) => process.stderr.write(`${visibleLines(line)}\n`),
    width: Math.min(80, process.stdout.columns ?? 80),
    live,
    rewrite: (line) => process.stderr.write(`\r\u001b[K${visible(line)}`),
  })
}

#!/usr/bin/env node
// The command line `hipaa-mcp`, also usable as `kubectl hipaa`.

import { parseArgs } from 'node:util'
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
  const command = commandOf(args)
  if (command === undefined) {
    const asked = args.length === 0 || ['help', '--help', '-h'].includes(args[0] as string)
    if (asked) screen.out(generalHelp(commands, screen.width))
    else screen.note(`There is no command ${JSON.stringify(args[0])}. hipaa-mcp --help lists them.`)
    return asked && args.length > 0 ? exitCodes.ok : exitCodes.usage
  }
  try {
    const { operands, values } = read(command, args.slice(command.name.split(' ').length))
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

function commandOf(args: readonly string[]): Command | undefined {
  // Of `trail` and `trail export`, the one of more words.
  return commands
    .filter(({ name }) => name.split(' ').every((word, i) => args[i] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0]
}

function read(command: Command, args: readonly string[]): { operands: string[]; values: Values } {
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
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { operands: positionals, values }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
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

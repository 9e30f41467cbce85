// The help texts, made from the table of commands.

import type { Command, Option } from './command.ts'
import { columns, wrap } from './table.ts'

const codes =
  'Exit codes: 0 done, 1 something was found wrong, 2 the command line is wrong, 3 it could not be done.'

export function generalHelp(commands: readonly Command[], width: number): string {
  return [
    'hipaa-mcp: see that MCP servers are fit to carry PHI, and prove it.',
    '',
    'Usage: hipaa-mcp COMMAND [OPTIONS]        (also as: kubectl hipaa COMMAND)',
    '',
    ...columns(
      commands.map(({ name, summary }) => [`  ${name}`, summary]),
      width,
    ),
    '',
    'hipaa-mcp COMMAND --help has more of each, and an example; those that print a result know --json.',
    'hipaa-mcp --version says which one this is.',
    ...wrap(codes, width),
  ].join('\n')
}

export function helpOf({ name, operands, example, summary, options, about }: Command, width: number): string {
  const all: { [name: string]: Option } = { ...options, help: { help: 'This text', short: 'h' } }
  const rows = Object.entries(all).map(([option, { value, help, short }]) => [
    `  ${short === undefined ? '' : `-${short}, `}--${option}${value === undefined ? '' : ` ${value}`}`,
    help,
  ])
  return [
    `Usage: hipaa-mcp ${[name, operands, '[OPTIONS]'].filter((part) => part !== '').join(' ')}`,
    '',
    ...wrap(summary, width),
    '',
    ...columns(rows, width),
    '',
    ...about.split('\n').flatMap((line) => wrap(line, width)),
    '',
    'Example:',
    ...`hipaa-mcp ${example}`.split('\n').map((line) => `  ${line}`),
    '',
    ...wrap(codes, width),
  ].join('\n')
}

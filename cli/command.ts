// What a command is: one file each, listed in commands.ts.

/** Exit codes, the same for every command. */
export const exitCodes = {
  /** Done, and nothing was found wrong. */
  ok: 0,
  /** Done, and something was found wrong. */
  findings: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** It could not be done: the reason is on standard error. */
  failed: 3,
} as const

export type Option = {
  /** Shown in the help and offered by completion: what the value is; absent for a switch. */
  value?: string
  help: string
  short?: string
}

export type Values = { readonly [option: string]: string | boolean | undefined }

/** Some options out of a table that several commands share. */
export function picked<T extends { readonly [name: string]: Option }, N extends keyof T & string>(
  options: T,
  ...names: readonly N[]
): { readonly [name in N]: Option } {
  return Object.fromEntries(names.map((name) => [name, options[name]])) as unknown as { [name in N]: Option }
}

/** Where a command writes. Results go to `out`, everything else to `note`. */
export type Screen = {
  out: (line: string) => void
  note: (line: string) => void
  /** Characters in a line. */
  width: number
  /** Whether a person looks: progress may rewrite its line. */
  live: boolean
  /** Rewrites the last line of standard error. */
  rewrite: (line: string) => void
}

export type Command = {
  /** One or two words. */
  name: string
  summary: string
  /** What follows the name, such as `DIR`. */
  operands: string
  /** How it is called, behind `hipaa-mcp`: names are those of the documents. */
  example: string
  options: { readonly [name: string]: Option }
  /** More about it, for its help. */
  about: string
  run: (operands: readonly string[], values: Values, screen: Screen) => Promise<number>
}

/** The command line is wrong: exit 2, with the command's own help named. */
export class UsageError extends Error {}

/** It could not be done: exit 3. The message says what to do next. */
export class CannotError extends Error {}

/** The text of an option, undefined when it is not given. */
export function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** `namespace/name` in its two parts. Throws `UsageError`. */
export function serverOf(text: string | undefined): { namespace: string; server: string } {
  const match = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$/.exec(text ?? '')
  if (match === null) throw new UsageError('--server wants NAMESPACE/NAME of a HipaaMcpServer')
  return { namespace: match[1] as string, server: match[2] as string }
}

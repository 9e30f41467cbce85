// The form in which our programs say what they do: a constant message, and fields. Types keep out what a patient, a caller or
// a server said (45 CFR 164.502(b): a log is a disclosure as well): a text that is no constant does not compile, unless one of
// the functions here made a code or an id of it, which let through nothing but the form of one.

declare const made: unique symbol
/** Class or code of an error. Never its message: JSON.parse quotes its input. */
export type Code = string & { readonly [made]: 'code' }
/** Name of an object of ours or of the cluster, a hash, a time. */
export type Id = string & { readonly [made]: 'id' }

/** Names of settings, and what is wrong with them. */
export type Settings = string & { readonly [made]: 'settings' }

/** What is wrong with a program's own environment, in words of ours without any value: the one error whose words may be logged. */
export class BadSettings extends Error {}

/** A text that is spelled out in the source, or one of several that are. */
// The empty object is meant: it has every member of a record whose keys are a pattern, and none of one whose keys are spelled out.
// oxlint-disable-next-line typescript/no-generated-empty-object-type
export type Constant<Text extends string> = Record<never, never> extends Record<Text, unknown> ? never : Text

type Value = string | number | boolean | undefined

/** What a field may hold. */
type Sayable<Field> = Field extends Code | Id | Settings | number | boolean | undefined
  ? Field
  : Field extends string
    ? Constant<Field>
    : never

type Checked<Fields> = { readonly [Name in keyof Fields]: Sayable<Fields[Name]> }

type Say<Fields> = <const Message extends string, const Given extends Fields>(
  message: Constant<Message>,
  fields?: Given & Checked<Given>,
) => void

/** `Fields`: which there are, each program's own table. */
export interface LogOf<Fields extends { readonly [name in keyof Fields]: Value }> {
  readonly info: Say<Fields>
  readonly warn: Say<Fields>
  readonly error: Say<Fields>
}

type Write = (fields: object, message: string) => void

/** Over a logger that takes the fields first. */
export function logOver<Fields extends { readonly [name in keyof Fields]: Value }>(logger: {
  info: Write
  warn: Write
  error: Write
}): LogOf<Fields> {
  return {
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  }
}

/** The class or code of an error: of ours, of Node's, of a library's. */
export function codeOf(error: unknown): Code {
  if (!(error instanceof Error)) return 'Error' as Code
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return (/^[A-Za-z][\w.-]{0,63}$|^[0-9A-Z]{5}$/.test(code) ? code : 'Error') as Code
}

/** For programs that cannot start. */
export function settingsOf(error: BadSettings): Settings {
  return error.message as Settings
}

/**
 * The name of an object, a key, a hash, an origin, an address, a time: no spaces, nothing that a sentence or a document needs.
 * Anything else is withheld.
 */
export function idOf(name: string): Id {
  return (/^[\w.:/@+~-]{0,512}$/.test(name) ? name : 'withheld') as Id
}

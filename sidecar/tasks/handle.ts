// What callers hold of a task. The server's own id is worth a result to whoever has it, and no replica remembers whose
// task it is: the handle says so itself. It is sealed to a person and a revision, and carries what a later answer is
// judged by as if the call itself were answered: the tool, the patient that was named, the purpose.

import type { Json } from '../../core/canonical.ts'
import { isObject } from '../../core/is-object.ts'
import { parseText } from '../../core/json.ts'
import { namedBy } from '../controls/authorize.ts'
import type { Caller, Permitted } from '../exchange.ts'
import { behindHandle, type HandleOwner, handleFor } from '../handles.ts'
import { Refusal } from '../refusals.ts'

/** Beyond what the server grants: the result of a task that ends late may be kept longer than its call asked for. */
const grace = 3_600_000
/** For whatever time a server keeps tasks. */
const longest = 7 * 86_400_000
/** The handle travels in a header too (Mcp-Name), beside a token: all headers together have 16 KiB. */
const largest = 3_072

/** A task, as its handle knows it. */
export type Task = {
  /** The server's id. */
  readonly id: string
  readonly tool: string
  readonly purpose: string
  /** What the call's arguments named as the patient. */
  readonly named: Json | undefined
}

type Asking = Pick<Permitted, 'who' | 'found' | 'purpose' | 'revision' | 'inForce' | 'at'>

/** `life`: how long the server keeps the task, milliseconds; null for as long as it likes. */
export function taskHandle(exchange: Asking, id: unknown, life: number | null): string {
  const { found, purpose, inForce, at } = exchange
  if (typeof id !== 'string' || id === '') throw new Refusal('upstream-malformed', { mayHaveRun: true })
  const text = JSON.stringify({ id, tool: found.target.name, purpose, named: namedBy(found) })
  const expires = at + Math.min(longest, (life ?? longest) + grace)
  const handle = handleFor('task', ownerOf(exchange), text, expires, inForce)
  // So many patients in one call, or an id like a book.
  if (handle.length > largest) throw new Refusal('result-too-large', { mayHaveRun: true })
  return handle
}

/** The task behind a handle; undefined for one that is forged, another's, of another revision, or over. */
export function taskBehind(
  caller: Pick<Caller, 'who' | 'revision' | 'at' | 'inForce'>,
  handle: unknown,
): Task | undefined {
  const text = behindHandle('task', ownerOf(caller), handle, caller.at, caller.inForce)
  const parsed = text === undefined ? undefined : parseText(text)
  const value = parsed !== undefined && 'value' in parsed ? parsed.value : undefined
  if (!isObject(value)) return undefined
  const { id, tool, purpose, named } = value
  return { id: id as string, tool: tool as string, purpose: purpose as string, named: named as Json }
}

/** What one revision made means nothing in the other: its members have other names. */
function ownerOf({ who, revision }: Pick<Caller, 'who' | 'revision'>): HandleOwner {
  return { iss: who.iss, sub: who.sub, target: `tasks ${revision}` }
}

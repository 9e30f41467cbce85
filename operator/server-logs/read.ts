// What one container wrote since it was last looked at, as far as a budget goes.

import type { Client } from '../cluster/client.ts'

/** Where reading goes on. */
export type Position = {
  /** RFC 3339 with nanoseconds, of the newest line that was seen; of none, when watching began. */
  readonly since: string
  /** Restarts of the container that were seen. */
  readonly restarts: number
}

export type Place = { readonly namespace: string; readonly pod: string; readonly container: string }

export type Read = {
  readonly lines: string
  readonly bytes: number
  readonly cut: boolean
  readonly next: Position
}

/**
 * Reads at most `limit` bytes. What a container wrote beyond that is never read: the next look begins at `now`. After a
 * restart the last words of the container before count, since a crash tells more than any run.
 */
export async function readLog(
  client: Pick<Client, 'logs'>,
  {
    place,
    position,
    restarts,
    limit,
    now,
  }: {
    place: Place
    position: Position
    restarts: number
    limit: number
    now: Date
  },
): Promise<Read> {
  const { namespace, pod, container } = place
  const asked = {
    container,
    sinceTime: wholeSeconds(position.since),
    limitBytes: limit,
    timestamps: true,
  } as const
  const crashed =
    restarts > position.restarts
      ? await client.logs(namespace, pod, { ...asked, previous: true }).catch(() => '')
      : ''
  const written = await client.logs(namespace, pod, asked)
  const cut = Buffer.byteLength(written) >= limit
  const { lines, newest } = newLines(crashed + written, position.since)
  return {
    lines,
    bytes: Buffer.byteLength(crashed) + Buffer.byteLength(written),
    cut,
    next: { since: cut ? now.toISOString() : newest, restarts },
  }
}

/** The API server reads whole seconds; lines of that second which were seen already are left out by their own time. */
function wholeSeconds(time: string): string {
  return `${time.slice(0, 19)}Z`
}

const stamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z /

function newLines(text: string, since: string): { lines: string; newest: string } {
  const lines: string[] = []
  let newest = since
  for (const line of text.split('\n')) {
    const time = stamp.exec(line)?.[0]
    if (time === undefined) continue
    if (comparable(time) <= comparable(since)) continue
    lines.push(line.slice(time.length))
    if (comparable(time) > comparable(newest)) newest = time.trimEnd()
  }
  return { lines: lines.join('\n'), newest }
}

/** Fractions of a second are written without their last zeros. */
function comparable(time: string): string {
  return time
    .trimEnd()
    .replace('Z', '')
    .replace(/^([^.]{19})$/, '$1.')
    .padEnd(29, '0')
}

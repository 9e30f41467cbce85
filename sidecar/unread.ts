// Answers that nobody reads.

import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** So long a caller may leave an answer unread, milliseconds. */
const patience = 60_000

/** Who does not read holds a connection, and would hold a process that stops. */
export function endUnread(answer: Duplex | ServerResponse): void {
  const stalled = setTimeout(() => answer.destroy(), patience)
  answer.once('close', () => clearTimeout(stalled))
}

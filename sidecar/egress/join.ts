// Two connections become one: bytes both ways until both sides are done.

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** `back` stands between remote and app. `failed` is called when it throws. Either side's end reaches the other. */
export function join(app: Socket, remote: Socket, back?: Duplex, failed?: (error: unknown) => void): void {
  app.pipe(remote)
  if (back === undefined) remote.pipe(app)
  else remote.pipe(back).pipe(app)
  back?.on('error', (error) => failed?.(error))
  // A side that broke takes the other one along; one that closed in order lets it send what it still has.
  for (const [one, other] of [
    [app, remote],
    [remote, app],
  ] as const) {
    one.once('error', () => other.destroy())
    one.once('close', () => other.destroySoon())
  }
}

// The list of enrolled namespaces on the node. It spares pods of all others a question to the API server, and lets them
// start while that is away. A list that lags opens nothing: a guarded pod that it leaves out does not pass its proof.

import { setTimeout as sleep } from 'node:timers/promises'
import { enforceLabel } from '../../core/identifiers.ts'
import { change, read } from './api-server.ts'
import type { Access, Enrolled } from './on-host.ts'

const path = `/api/v1/namespaces?labelSelector=${encodeURIComponent(`${enforceLabel}=true`)}`
const watchSeconds = 60
const pauses = { shortest: 250, longest: 5_000 }

export type Following = {
  /** Anew for every question: the token is replaced all the time. */
  access: () => Access
  write: (enrolled: Enrolled) => void
  /** Told of every answer, or of why there was none. */
  heard: (fault: Error | undefined) => void
}

/** Goes on until the signal. */
export async function follow({ access, write, heard }: Following, signal: AbortSignal): Promise<void> {
  let pause: number = pauses.shortest
  while (!signal.aborted) {
    try {
      const seen = listIn(await read(access(), path))
      write({ namespaces: seen.namespaces })
      heard(undefined)
      pause = pauses.shortest
      await change(access(), path, seen.resourceVersion, watchSeconds, signal)
    } catch (error) {
      if (signal.aborted) return
      heard(error instanceof Error ? error : new Error(String(error)))
      await sleep(pause, undefined, { signal }).catch(() => undefined)
      pause = Math.min(pause * 2, pauses.longest)
    }
  }
}

function listIn(body: unknown): { namespaces: string[]; resourceVersion: string } {
  const { items = [], metadata } = (body ?? {}) as {
    items?: { metadata: { name: string } }[]
    metadata?: { resourceVersion?: string }
  }
  return {
    namespaces: items.map(({ metadata: { name } }) => name).toSorted(),
    resourceVersion: metadata?.resourceVersion ?? '0',
  }
}

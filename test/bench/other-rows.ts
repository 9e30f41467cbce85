// What is measured besides the one call, once: see other-work.ts for what each is.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkout } from '../../config/image/base.ts'
import { quantile } from './comparison.ts'
import { underLoad } from './loading.ts'
import { nginxArguments } from './nginx.ts'
import { eventsOfCall, openAtOnce, otherWork, tokensOfTurn } from './other-work.ts'
import type { Place } from './place.ts'
import { cores, residentBytes, start } from './process.ts'
import type { Acknowledge } from './program.ts'
import { type RecordsFigures, recordsFigures } from './records-rows.ts'
import { listening, type Running, startSidecar } from './sidecar.ts'
import { envelope, type Work } from './work.ts'

export type OtherFigures = {
  /** Processor time of a list, µs: the sidecar's, and nginx's for an answer of as many bytes. */
  list: { microseconds: number; nginx: number; bytes: number; perSecond: number }
  /** Processor time of an event, µs. */
  events: { microseconds: number; perSecond: number }
  /** Resident memory of an open stream, bytes. */
  streamBytes: number
  /** Processor time of a call with a known token, and how much more it takes with one that was never seen, µs. */
  token: { known: number; more: number }
  records: RecordsFigures
}

/** Turns with tokens that were never seen, and as many with one that is known. */
const turns = 4

/** `rate`: calls a second at which records are made, of the sidecar with `Local` as fast as it went in the same round. */
export async function otherFigures(place: Place, rate: number): Promise<OtherFigures> {
  return {
    ...(await streams(place)),
    list: await lists(place),
    token: await tokens(place),
    records: await recordsFigures(place, rate),
  }
}

/** Open streams first: memory is that of a sidecar that has not been under load. */
async function streams(place: Place): Promise<Pick<OtherFigures, 'events' | 'streamBytes'>> {
  const { events, open } = otherWork(place.work)
  const persons = Array.from(
    { length: openAtOnce.persons },
    async (_, at) => await place.token(`person-${at}`),
  )
  const file = await written(place, 'events', events)
  const openFile = await written(place, 'open', { ...open, tokens: await Promise.all(persons) })
  const sidecar = await sidecarFor(place, events, file)
  try {
    const { pid, origin } = sidecar
    await underLoad({ file, origin, rate: 5, seconds: 1, warm: 1 })
    const streamBytes = await memoryOfStreams(openFile, sidecar)
    const load = await underLoad({ file, origin, rate: 0, seconds: 2, warm: 1.5 }, pid)
    // The answer is an event, too. A stream that lasts has more: beats without data.
    const expected = load.calls * (eventsOfCall + 1)
    if (load.events < expected)
      throw new Error(`${load.events} events came of ${expected}; a figure would mean nothing`)
    return {
      streamBytes,
      events: { microseconds: (load.used / expected) * 1e6, perSecond: expected / load.seconds },
    }
  } finally {
    await sidecar.stop()
  }
}

async function lists(place: Place): Promise<OtherFigures['list']> {
  const { list } = otherWork(place.work)
  const file = await written(place, 'list', list)
  const sidecar = await sidecarFor(place, list, file)
  const { pid, origin } = sidecar
  const options = { file, origin, rate: 0, seconds: 2, warm: 1.5 }
  try {
    const { used, calls, bytes, seconds } = await underLoad(options, pid)
    const nginx = await nginxOnSameBytes(place, list, bytes)
    return { microseconds: (used / calls) * 1e6, nginx, bytes, perSecond: calls / seconds }
  } finally {
    await sidecar.stop()
  }
}

async function memoryOfStreams(file: string, { pid, origin }: Running & { pid: number }): Promise<number> {
  const before = await residentBytes(pid)
  const { streams: count } = openAtOnce
  const callers = start(cores.others, process.execPath, [
    program('open-streams.ts'),
    file,
    origin,
    String(count),
  ])
  await callers.line()
  await sleep(500)
  const after = await residentBytes(pid)
  await callers.stop()
  return (after - before) / count
}

/** Processor time of nginx on the same request and an answer of so many bytes, µs. */
async function nginxOnSameBytes(place: Place, work: Work, bytes: number): Promise<number> {
  const { folder, upstreamPort } = place
  const [port, behind] = [upstreamPort + 2, upstreamPort + 3]
  const result = JSON.stringify('a'.repeat(bytes - envelope - 2))
  const file = await written(place, 'same-bytes', { ...work, result })
  const upstream = start(cores.others, process.execPath, [program('upstream.ts'), file, String(behind)])
  await upstream.line()
  const nginx = start(cores.measured, 'nginx', await nginxArguments(folder, work, port, behind))
  try {
    await listening(port, work)
    const origin = `https://127.0.0.1:${port}`
    const load = await underLoad({ file, origin, rate: 0, seconds: 2, warm: 1 }, nginx.pid)
    if (load.bytes !== bytes) throw new Error(`nginx passed ${load.bytes} bytes of ${bytes}`)
    return (load.used / load.calls) * 1e6
  } finally {
    await nginx.stop()
    await upstream.stop()
  }
}

/** Turn by turn in one process, so that what the machine did besides falls on both. */
async function tokens(place: Place): Promise<OtherFigures['token']> {
  const { work, token } = place
  const file = await written(place, 'usual', work)
  // Streamed, a call's cost depends on how many wait for the collector together, which a verification changes.
  const sidecar = await sidecarFor(place, work, file, 'Local')
  try {
    const { pid, origin } = sidecar
    const turn = async (name: string, each: string[]): Promise<number> => {
      const own = await written(place, name, { ...work, tokens: each })
      const load = { file: own, origin, rate: 0, seconds: 30, warm: 0.3 }
      const { used, calls } = await underLoad(load, pid)
      if (calls !== each.length) throw new Error(`${calls} of ${each.length} calls were made in 30 s`)
      return (used / calls) * 1e6
    }
    const known = Array.from({ length: tokensOfTurn }, () => (work.headers['authorization'] ?? '').slice(7))
    const pairs: { known: number; first: number }[] = []
    await underLoad({ file, origin, rate: 0, seconds: 0.5, warm: 2.5 })
    for (let at = 0; at < turns; at++) {
      const never = await Promise.all(known.map(async () => await token('clinician')))
      pairs.push({ known: await turn('known', known), first: await turn('first', never) })
    }
    const more = quantile(pairs.map((pair) => pair.first - pair.known))
    return { known: quantile(pairs.map((pair) => pair.known)), more }
  } finally {
    await sidecar.stop()
  }
}

const sidecarFor = async (place: Place, work: Work, file: string, acknowledge: Acknowledge = 'Stream') =>
  await startSidecar({
    ...place,
    root: checkout,
    work,
    file,
    port: place.upstreamPort + 1,
    acknowledge,
  })

const program = (name: string): string => join(import.meta.dirname, name)

async function written({ folder }: Place, name: string, work: Work): Promise<string> {
  const file = join(folder, `${name}.json`)
  await writeFile(file, JSON.stringify(work))
  return file
}

// Plain HTTP for the kubelet and Prometheus: counts and reasons, never content (docs/decisions/0006).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { CopyReport } from '../core/copies.ts'
import type { WitnessReport } from '../core/wire.ts'
import { type CopyTrouble, troubles } from './copies/send.ts'
import { refusals } from './witnesses/protocol.ts'

export type Health = {
  /** Why nothing can be taken now, kebab-case; undefined while all is well. */
  trouble: () => string | undefined
  /** What is told of the witnesses outside the cluster; undefined while it is not known. */
  witnesses: () => WitnessReport | undefined
  /** Why not everything is archived, kebab-case; undefined while it is, and where no archive is configured. */
  archive: () => string | undefined
  /** What is told of copies. */
  copies: () => readonly CopyReport[]
  metrics: (request: IncomingMessage, response: ServerResponse) => void
}

export function healthServer({ trouble, witnesses, archive, copies, metrics }: Health): Server {
  const routes: { [path: string]: (request: IncomingMessage, response: ServerResponse) => void } = {
    '/livez': (_, response) => response.writeHead(200, text).end('ok\n'),
    '/readyz': (_, response) => {
      const reason = trouble()
      response.writeHead(reason === undefined ? 200 : 503, text).end(`${reason ?? 'ok'}\n`)
    },
    // A gap, which gates nothing: where it does, /readyz says so as well.
    '/witnesses': (_, response) => {
      const report = witnesses()
      const reason = report === undefined ? 'starting' : troubleOf(report)
      response
        .writeHead(reason === undefined ? 200 : 503, text)
        .end(`${reason ?? 'ok'}\n${report === undefined ? '' : linesOf(report)}`)
    },
    // Gates nothing.
    '/archive': (_, response) => {
      const reason = archive()
      response.writeHead(reason === undefined ? 200 : 503, text).end(`${reason ?? 'ok'}\n`)
    },
    // Gates nothing either. In trouble is one that waits now; late is one that has for long.
    '/copies': (_, response) => {
      const reports = copies()
      const late = reports.some(({ behind }) => behind)
      const lines = reports.map(({ name, as, pending, behindSeconds, trouble }) => {
        const says = trouble === undefined ? 'goes on' : `${trouble}: ${troubles[trouble as CopyTrouble]}`
        return `${name} ${as} ${pending} records, ${Math.round(behindSeconds)} s: ${says}\n`
      })
      response.writeHead(late ? 503 : 200, text).end(`${late ? 'copy-behind' : 'ok'}\n${lines.join('')}`)
    },
    '/metrics': metrics,
  }
  return createServer((request, response) => {
    const route = request.method === 'GET' ? routes[(request.url ?? '').split('?')[0] ?? ''] : undefined
    if (route === undefined) response.writeHead(404, text).end()
    else route(request, response)
  })
}

/** Why the witnesses outside the cluster do not show what they should, kebab-case; undefined while all is well. */
export function troubleOf({ witnesses, late }: WitnessReport): string | undefined {
  if (witnesses.some(({ state }) => state === 'refuses')) return 'witness-refuses'
  return late ? 'witness-late' : undefined
}

/** The key by which they know the log, and each of them with what it does. */
function linesOf({ log, witnesses }: WitnessReport): string {
  const each = witnesses.map(({ name, state, reason }) => {
    const says = Object.entries(refusals).find(([known]) => known === reason)?.[1]
    return `${name} ${state}${reason === undefined ? '' : ` ${reason}`}${says === undefined ? '' : `: ${says}`}\n`
  })
  return `${log}\n${each.join('')}`
}

const text = { 'content-type': 'text/plain; charset=utf-8' }

// A guarded pod's own share in proving that the network enforces NetworkPolicies (45 CFR 164.312(e)(1)): the packet filter
// lets nobody out but the sidecar, so only the sidecar can see what the network does behind it. What it tells the operator
// goes over the control channel, whose certificate no tenant of the pod has.

import { hostPort } from '../../core/host-port.ts'
import { services, systemNamespace } from '../../core/identifiers.ts'
import {
  metadataAddress,
  metadataAddress6,
  type NetworkAsk,
  type NetworkReport,
  networkPath,
  type OutwardTarget,
} from '../../core/network.ts'
import type { Link } from '../channel/link.ts'
import type { Lookup } from '../channel/lookup.ts'
import { codeOf, type Log } from '../log.ts'
import { pause } from '../pause.ts'
import { type Connect, connects, openOf } from './attempts.ts'

export type ProofOptions = {
  link: Pick<Link, 'request'>
  /** Base URL of the channel: what the policy allows. */
  channel: URL
  lookup: Lookup
  log: Log
  signal: AbortSignal
  connect?: Connect
  /** Milliseconds between two rounds of the same attempts, and after a failure. */
  pauseMs?: number
  retryMs?: number
  /** At most, after a report that proves nothing: when a gap closes nobody tells us. */
  againMs?: number
}

const webhook = `${services.webhook}.${systemNamespace}.svc`

/** Tries for as long as the sidecar runs. Resolves when `signal` fires; never rejects. */
export async function keepProving(options: ProofOptions): Promise<void> {
  const { log, signal, retryMs = 10_000, againMs = 60_000 } = options
  let report: NetworkReport | undefined
  while (!signal.aborted) {
    try {
      const ask = await tell(options, report)
      // The answer to the first, empty report says what to try: at once.
      if (report !== undefined) await pause(untilNext(report, ask, againMs), signal)
      report = await attempt(options, ask)
    } catch (error) {
      if (signal.aborted) return
      log.warn('What the network refuses could not be told', { error: codeOf(error) })
      // What was seen then is not told later as if it were so.
      report = undefined
      await pause(retryMs, signal).catch(() => undefined)
    }
  }
}

function untilNext({ compared, open }: NetworkReport, { seconds }: NetworkAsk, againMs: number): number {
  const usual = seconds * 1000 * (0.9 + Math.random() / 5)
  return compared && open.length === 0 ? usual : Math.min(usual, againMs)
}

/** Before and after: an operator that was away meanwhile refuses nothing, it is not there. */
async function attempt(options: ProofOptions, { outside }: NetworkAsk): Promise<NetworkReport> {
  const { connect = connects, pauseMs, channel, lookup } = options
  const [allowed] = await addressesOf(lookup, channel.hostname, channel.port || '443')
  const [first, ...others] = await addressesOf(lookup, webhook, '443')
  const compared: [OutwardTarget, string][] = [
    ['Webhook', first],
    ['Metadata', metadataAddress],
    ...(outside === undefined ? [] : [['Outside', outside] as [OutwardTarget, string]]),
  ]
  // Of the other family, of which the pod may have nothing: open is a gap, and refused proves nothing more.
  const targets: [OutwardTarget, string][] = [
    ...compared,
    ...others.map((address): [OutwardTarget, string] => ['Webhook', address]),
    ['Metadata', metadataAddress6],
  ]
  const before = await connect(allowed)
  const open = await openOf(
    targets.map(([, address]) => address),
    connect,
    pauseMs,
  )
  const after = await connect(allowed)
  return {
    compared: before && after,
    tried: compared.map(([target]) => target),
    open: [...new Set(targets.filter((_, place) => open.includes(place)).map(([target]) => target))],
  }
}

async function tell({ link, signal }: ProofOptions, report: NetworkReport | undefined): Promise<NetworkAsk> {
  const { statusCode, body } = await link.request({
    method: 'POST',
    path: networkPath,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(report ?? {}),
    signal,
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`The channel answered ${statusCode}`)
  const { seconds, outside } = JSON.parse(text) as Partial<NetworkAsk>
  if (typeof seconds !== 'number' || !(seconds >= 1)) throw new Error('The channel does not say how often')
  return { seconds, ...(typeof outside === 'string' ? { outside } : {}) }
}

/** `address:port` of each address of a name. Rejects where it has none. */
async function addressesOf(
  lookup: Lookup,
  name: string,
  port: string,
): Promise<[first: string, ...string[]]> {
  return await new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) => {
      const [first, ...others] = (Array.isArray(found) ? found : []).map(({ address }) =>
        hostPort(address, port),
      )
      if (error !== null || first === undefined) reject(error ?? new Error('No address'))
      else resolve([first, ...others])
    })
  })
}

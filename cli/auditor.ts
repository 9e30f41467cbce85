// The person who reads the trail, as the collector knows them: by a certificate that lives as long as the command (docs/decisions/0005).

import type { TLSSocket } from 'node:tls'
import { systemNamespace } from '../core/identifiers.ts'
import { auditorCertificate } from './auditor-certificate.ts'
import { openWay, secure } from './collector-connection.ts'
import { CannotError, type Option, type Screen, textOf, UsageError, type Values } from './command.ts'
import { type Kube, kubeOptions, openKube } from './kube.ts'

/** ConfigMap that the operator publishes. */
const trust = { name: 'hipaa-mcp-trust', key: 'ca.crt' }

/** Options of every command that speaks to the collector, or may. */
export const auditorOptions: { readonly [name: string]: Option } = {
  collector: { value: 'URL', help: 'Collector, https://…; otherwise by port-forward to its pod' },
  wait: { value: 'SECONDS', help: 'How long to wait for an approval, 600 unless set' },
  ...kubeOptions,
}

/** One connection for a piece of work, which is closed whatever came of it. */
export type Auditor = <T>(work: (socket: TLSSocket) => Promise<T>) => Promise<T>

/** Has the certificate made, and waits for its approval. Rejects with `CannotError` or `UsageError`. */
export async function auditorFor(values: Values, screen: Screen): Promise<Auditor> {
  const wait = textOf(values, 'wait') ?? '600'
  if (!/^[1-9][0-9]{0,4}$/.test(wait)) throw new UsageError('--wait wants a number of seconds')
  const kube = await openKube(values)
  const ca = await trustOf(kube)
  const certificate = await auditorCertificate(kube, screen, Number(wait))
  return async (work) => {
    const way = await openWay(kube, textOf(values, 'collector'))
    try {
      return await work(await secure(way, { ca, ...certificate }))
    } finally {
      way.destroy()
    }
  }
}

/** The operator's CA, as it publishes it. */
async function trustOf(kube: Kube): Promise<string> {
  const { status, body } = await kube.request(
    'GET',
    `/api/v1/namespaces/${systemNamespace}/configmaps/${trust.name}`,
  )
  const ca = (body as { data?: { [key: string]: string } }).data?.[trust.key]
  if (status !== 200 || ca === undefined)
    throw new CannotError(
      `ConfigMap ${systemNamespace}/${trust.name} is not there for you (${status}): see that the operator runs, and ask for the ClusterRole hipaa-mcp-auditor`,
    )
  return ca
}

// cert-manager's own controllers (CA and self-signed issuers), as a process of the node.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type Api, until } from './api.ts'
import { kubeconfigOf } from './certificates.ts'
import type { Components } from './components.ts'
import { lastWords, startDaemon } from './processes.ts'
import type { Slot } from './slot.ts'

type Definition = {
  metadata: { name: string }
  status?: { conditions?: { type: string; status: string }[] }
}

/** Applies cert-manager's definitions and starts its controllers, which end if the definitions are not served yet. */
export async function startCertManager(slot: Slot, built: Components, api: Api): Promise<void> {
  await api.apply('/api/v1/namespaces/cert-manager', { apiVersion: 'v1', kind: 'Namespace' })
  const paths: string[] = []
  for (const file of (await readdir(built.certManagerCrds)).toSorted()) {
    const definition = parse(await readFile(join(built.certManagerCrds, file), 'utf8')) as Definition
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`
    await api.apply(path, definition)
    paths.push(path)
  }
  for (const path of paths) {
    await until(`${path} is served`, 30, async () => {
      const { status } = await api.call<Definition>('GET', path)
      return (
        status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ??
        false
      )
    })
  }
  await startDaemon(slot, {
    name: 'cert-manager',
    command: [built.path('cert-manager'), kubeconfigOf(slot.state, 'admin')],
  })
}

/** Waits until cert-manager has taken up work: it judges a self-signed ClusterIssuer, which is then removed. */
export async function certManagerReady(slot: Slot, api: Api): Promise<void> {
  const path = '/apis/cert-manager.io/v1/clusterissuers/test-cluster-ready'
  await api.apply(path, { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', spec: { selfSigned: {} } })
  await until(
    'cert-manager judges an issuer',
    60,
    async () => {
      const { status } = await api.call<Definition>('GET', path)
      return (
        status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
      )
    },
    async () => await lastWords(slot.state, 'cert-manager'),
  )
  await api.call('DELETE', path)
}

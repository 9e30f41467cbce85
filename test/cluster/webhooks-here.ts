// The webhooks of a test: their Service leads to the test's own process, on the host's side of the node's link.

import { systemNamespace } from '../../core/identifiers.ts'
import type { Api } from './api.ts'
import type { Cluster } from './cluster.ts'
import { takenSlots } from './slot.ts'

/** From now on the API server calls `port` of this process. config/webhook is applied before. */
export async function leadWebhooksHere(api: Api, cluster: Cluster, port: number): Promise<void> {
  const hostIP = (await takenSlots()).find(({ state }) => state === cluster.state)?.hostIP
  const service = `/api/v1/namespaces/${systemNamespace}/services/hipaa-mcp-webhook`
  await api.call('PATCH', service, { spec: { selector: null } }, 'application/merge-patch+json')
  await api.apply(`/apis/discovery.k8s.io/v1/namespaces/${systemNamespace}/endpointslices/webhook-here`, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { labels: { 'kubernetes.io/service-name': 'hipaa-mcp-webhook' } },
    addressType: hostIP?.includes(':') === true ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [hostIP], conditions: { ready: true } }],
    ports: [{ name: 'webhook', port, protocol: 'TCP' }],
  })
}

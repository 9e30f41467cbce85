// Debian builds Prometheus without discovery of Kubernetes pods: this answers what that would, over Prometheus' own HTTP
// discovery, on loopback of Prometheus' pod.
//
//   node test/sample/scrape-targets.ts [PORT]

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Agent, request } from 'undici'
import { hostPort } from '../../core/host-port.ts'

const account = '/var/run/secrets/kubernetes.io/serviceaccount'
const guardedLabel = 'hipaa-mcp.dev/guarded'
const system = 'hipaa-mcp-system'

type Pod = {
  metadata: { name: string; namespace: string; labels?: Record<string, string> }
  status: { podIP?: string; phase?: string }
}
type Target = { targets: string[]; labels: Record<string, string> }

/** Where the metrics of a pod are, if it is one of the product's. */
export function targetOf({ metadata, status }: Pod): Target | undefined {
  if (status.podIP === undefined || status.phase !== 'Running') return undefined
  const guarded = metadata.labels?.[guardedLabel] !== undefined
  if (!guarded && metadata.namespace !== system) return undefined
  return {
    targets: [hostPort(status.podIP, guarded ? 15_021 : 8_081)],
    labels: { pod: metadata.name, job: guarded ? 'hipaa-mcp-sidecars' : 'hipaa-mcp-system' },
  }
}

if (import.meta.main) {
  const api = new Agent({ connect: { ca: readFileSync(`${account}/ca.crt`) } })
  const server = createServer((_, response) => {
    const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = process.env
    const url = `https://${hostPort(host, port)}/api/v1/pods`
    // The kubelet renews the token: read it each time.
    const authorization = `Bearer ${readFileSync(`${account}/token`, 'utf8')}`
    request(url, { dispatcher: api, headers: { authorization } })
      .then(async ({ statusCode, body }) => {
        const { items } = (await body.json()) as { items?: Pod[] }
        response.writeHead(statusCode === 200 ? 200 : 503, { 'content-type': 'application/json' })
        response.end(JSON.stringify((items ?? []).map(targetOf).filter((target) => target !== undefined)))
      })
      .catch(() => response.writeHead(503).end())
  })
  server.listen(Number(process.argv[2] ?? 9_091), '127.0.0.1')
  process.once('SIGTERM', () => process.exit(0))
}

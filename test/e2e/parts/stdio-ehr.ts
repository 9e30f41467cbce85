// The sample EHR as a stdio server in a pod, without a database: what parts take that need a server of their own.

import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { records } from '../../sample/fhir.ts'
import type { Stage } from './stage.ts'

const [seed, count] = [7, 20]
export const patients = records(seed, count)
export const program = 'test/sample/ehr-stdio.ts'

/** The pod as its team has it today, but for its command: no port, nothing of this product. */
export const podSpec = (image: string, container: object = {}) => ({
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 },
  containers: [
    {
      name: 'ehr',
      image,
      command: ['/usr/bin/node'],
      args: [program],
      env: [
        { name: 'SEED', value: String(seed) },
        { name: 'COUNT', value: String(count) },
      ],
      ...container,
    },
  ],
})

/** Its deployment, annotated, under its server's name. */
export const deploymentOf = (name: string, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'clinic', labels: { app: name } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name }, annotations: { 'hipaa-mcp.dev/server': name } },
      spec: podSpec(image),
    },
  },
})

/** The EHR's own policy, for a server that has no database and these tools alone, which only clinicians use. */
export async function serverOf(
  stage: Stage,
  name: string,
  tools: readonly string[],
  change: (spec: HipaaMcpServer['spec']) => Partial<HipaaMcpServer['spec']> = () => ({}),
): Promise<object> {
  const ehr = await stage().kubectl.get<HipaaMcpServer>('hipaamcpserver', 'ehr', '-n', 'clinic')
  if (ehr === undefined) throw new Error('The clinic has no server ehr')
  const { tls, identity, roles, tools: all, network, profile } = ehr.spec
  return {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: { name, namespace: 'clinic' },
    spec: {
      profile,
      workload: { port: 8080, path: '/mcp', transport: 'Stdio' },
      tls,
      identity,
      roles: roles.filter((role) => role.name === 'clinician').map((role) => ({ ...role, tools })),
      tools: (all ?? []).filter((tool) => tools.includes(tool.name)),
      ...(network === undefined ? {} : { network: { ingress: network.ingress ?? [] } }),
      ...change(ehr.spec),
    },
  }
}

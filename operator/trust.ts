// The certificate of our own CA, for people who read the trail: by it their command line knows the collector.

import { systemNamespace } from '../core/identifiers.ts'
import type { KubernetesObject } from '../core/kubernetes.ts'
import type { Client } from './cluster/client.ts'
import { kinds } from './cluster/kinds.ts'
import { managedByUs } from './desired/wanted.ts'

/** ConfigMap of the system namespace, key `ca.crt`, PEM. No secret: a certificate. */
const trustName = 'hipaa-mcp-trust'

export async function publishTrust(client: Pick<Client, 'apply'>, ca: string): Promise<void> {
  await client.apply<KubernetesObject>(kinds.configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: trustName, namespace: systemNamespace, labels: managedByUs },
    data: { 'ca.crt': ca },
  })
}

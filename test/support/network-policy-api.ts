// The ClusterNetworkPolicy kind as its authors publish it: the CustomResourceDefinition of a release, out of its Go module.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { run } from '../../config/image/run.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
import type { Client } from '../../operator/cluster/client.ts'
import type { Kind } from '../../operator/cluster/kinds.ts'
import { goCommand } from '../cluster/components.ts'

/** Release -> what Go's checksum database says of the module. */
const releases = {
  'v0.2.0': 'h1:W/f0Y9VoeQdOWjX/h2gZyLH6gZ5LLEXmh/9wy9mQWKw=',
  'v0.3.0': 'h1:RL6fVXiix9IW1pj0ImkW645m+EWmb3dBGCiW19bg5+k=',
} as const

export type Release = keyof typeof releases

/** Of the standard channel. Rejects where the module is not the one that was read when this was written. */
export async function clusterNetworkPolicyKind(release: Release): Promise<KubernetesObject> {
  const module = `sigs.k8s.io/network-policy-api@${release}`
  const said = await run(await goCommand(), ['mod', 'download', '-json', module], { cwd: '/' })
  const { Dir, Sum } = JSON.parse(said) as { Dir: string; Sum: string }
  if (Sum !== releases[release]) throw new Error(`${module} has the sum ${Sum}, not ${releases[release]}`)
  const file = join(Dir, 'config/crd/standard/policy.networking.k8s.io_clusternetworkpolicies.yaml')
  return parse(await readFile(file, 'utf8')) as KubernetesObject
}

export const clusterPolicyKind: Kind = {
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  plural: 'clusternetworkpolicies',
  namespaced: false,
}

/** By the kind of each document. */
const admission: { [kind: string]: Kind } = Object.fromEntries(
  [
    ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies'],
    ['ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
  ].map(([kind, plural]) => [
    kind,
    { apiVersion: 'admissionregistration.k8s.io/v1', kind, plural, namespaced: false } as Kind,
  ]),
)

/** Has the API server let the operator's account write what config/webhook says, and no other. */
export async function narrowClusterPolicies(client: Pick<Client, 'apply'>): Promise<void> {
  const text = await readFile('config/webhook/policy-cluster-networks.yaml', 'utf8')
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as KubernetesObject
    await client.apply(admission[object.kind] as Kind, object)
  }
}

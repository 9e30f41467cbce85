// The ClusterNetworkPolicy kind as its authors publish it: the CustomResourceDefinition of a release, out of its Go module.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { run } from '../../config/image/run.ts'
import type { KubernetesObject } from '../../core/kubernetes.ts'
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

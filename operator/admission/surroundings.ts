// What admission knows besides the pod and its server.

import { ports, services, systemNamespace } from '../../core/identifiers.ts'
import type { PodSecurity } from '../../core/pod-security.ts'

export type Surroundings = {
  /** What the namespace asks of new pods; undefined for a pod that runs. */
  podSecurity?: PodSecurity
  /** Image of our containers, with its digest. */
  image: string
  /** Images that running pods may have: this one and those of earlier versions. */
  images: readonly string[]
  /** Operator's own CA, PEM. */
  ca: string
  /** Base URLs. */
  channel: string
  collector: string
  /** Address of the cluster's resolver. */
  dns: string
  /** The cluster's DNS domain, such as `cluster.local`. */
  domain: string
}

const url = (service: string, port: number) => `https://${service}.${systemNamespace}.svc:${port}`

/** Where the control channel and the collector answer. */
export const endpoints = {
  channel: url(services.channel, ports.channel),
  collector: url(services.collector, ports.collector),
} as const

/**
 * The cluster's resolver and domain, read from the operator's own /etc/resolv.conf: its pod has the cluster's DNS
 * policy. Throws when the text names no resolver: guarded pods could then resolve nothing.
 */
export function resolverOf(resolvConf: string): { dns: string; domain: string } {
  const lines = resolvConf.split('\n').map((line) => line.trim().split(/\s+/))
  const dns = lines.find(([word]) => word === 'nameserver')?.[1]
  if (dns === undefined)
    throw new Error('/etc/resolv.conf names no nameserver: give the operator pod dnsPolicy ClusterFirst')
  const searches = lines.find(([word]) => word === 'search')?.slice(1) ?? []
  const domain = searches.find((search) => search.startsWith('svc.'))?.slice('svc.'.length)
  return { dns, domain: domain ?? 'cluster.local' }
}

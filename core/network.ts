// What is tried to see that the network enforces NetworkPolicies, and the words for it that programs share.

import { group } from './identifiers.ts'

/** From where: a pod that no server names, a pod of an enrolled namespace that is no server and no store, a sidecar. */
export type AttemptSource = 'Stranger' | 'Bystander' | 'GuardedPod'

/** Whereto. `Webhook`: the operator's own port, which answers the whole cluster, so that a refusal is never "nobody there". */
export type AttemptTarget = 'GuardedPod' | 'Store' | 'Webhook' | 'Outside' | 'Metadata'

/** What a sidecar tries itself. */
export type OutwardTarget = Extract<AttemptTarget, 'Webhook' | 'Outside' | 'Metadata'>

/** Where clouds answer with credentials of the node, over IPv4 and over IPv6. */
export const metadataAddress = '169.254.169.254:80'
export const metadataAddress6 = '[fd00:ec2::254]:80'

/** `POST` on the control channel, by a sidecar: what came of its attempts; an empty body asks what to try. */
export const networkPath = '/v1/network'
export type NetworkReport = {
  /** The operator answered on the port that is allowed, before and after: so its other port was there to be refused. */
  compared: boolean
  tried: OutwardTarget[]
  /** Those that could be connected to. */
  open: OutwardTarget[]
}
/** `seconds` until the next attempts; `outside`: an address outside of the cluster, absent where none is to be tried. */
export type NetworkAsk = { seconds: number; outside?: string }

/** Type of the pod condition that holds a sidecar's last report. Only the operator writes it. */
export const networkCondition = `${group}/network`

/** What a canary pod is told, as JSON in its one argument. Addresses are `ip:port`. */
export type CanaryTask = {
  /** Tried first, until it answers: without it nothing else proves anything. */
  control?: string
  forbidden: string[]
}
/** Its termination message. `open`: places in `forbidden`. */
export type CanaryResult = { control: boolean; open: number[] }

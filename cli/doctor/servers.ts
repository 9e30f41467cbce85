// Every server by its own status, and the proof of its network. Pure.

import type { HipaaMcpServer } from '../../crds/hipaamcpserver.generated.ts'
import { type Check, ok, unknown, wrong } from './check.ts'

export function serverChecks({ metadata, status }: HipaaMcpServer, now: number): Check[] {
  const name = `${metadata.namespace ?? ''}/${metadata.name}`
  const { conditions, observedGeneration } = status ?? {}
  if (conditions === undefined)
    return [wrong('server', name, 'the operator has not looked at it: does it run?')]
  const behind =
    observedGeneration !== undefined && observedGeneration !== metadata.generation
      ? [unknown('server', name, 'the operator has not looked at the newest change yet')]
      : []
  // Compliant only sums up the others.
  const gaps = conditions
    .filter(({ type, status: state }) => state !== 'True' && type !== 'Compliant')
    .map(({ type, status: state, message, reason }) =>
      (state === 'Unknown' ? unknown : wrong)('server', `${name} ${type}`, message || reason),
    )
  const checks = [...behind, ...gaps, networkCheck(name, status?.network?.lastProof, conditions, now)]
  return gaps.length === 0 ? [ok('server', name, 'every control is in force'), ...checks] : checks
}

type Conditions = NonNullable<NonNullable<HipaaMcpServer['status']>['conditions']>

function networkCheck(
  name: string,
  lastProof: string | undefined,
  conditions: Conditions,
  now: number,
): Check {
  const what = `${name} network`
  const enforced = conditions.find(({ type }) => type === 'NetworkEnforced')?.status
  if (lastProof === undefined)
    return unknown(
      'server',
      what,
      'nothing has ever shown that the network enforces its NetworkPolicies: docs/network.md',
    )
  const minutes = Math.max(0, Math.round((now - Date.parse(lastProof)) / 60_000))
  const says = `proved to enforce NetworkPolicies ${minutes} min ago`
  return enforced === 'True'
    ? ok('server', what, says)
    : unknown('server', what, `${says}, and no more since then`)
}

// What status says, and what the Development profile costs there.

import { claim } from '../claims.ts'
import { until } from '../kubectl.ts'
import { type Clinic, conditionOf, serverStatus } from '../scene.ts'
import { columns, command, table } from '../screen.ts'

export async function status(clinic: Clinic): Promise<void> {
  const { kubectl } = clinic
  command('kubectl get hipaamcpservers -n clinic')
  table(await kubectl.run(['get', 'hipaamcpservers', '-n', 'clinic']))
  const seen = await serverStatus(clinic)
  const conditions = seen?.status?.conditions ?? []
  const half = Math.ceil(conditions.length / 2)
  const shown = (part: typeof conditions): string =>
    part.map(({ type, status, reason }) => `${type}: ${status} ${reason}`).join('\n')
  columns(
    { title: 'conditions', text: shown(conditions.slice(0, half)) },
    { title: '', text: shown(conditions.slice(half)) },
  )
  const compliant = conditionOf(seen, 'Compliant')
  claim(
    'profile Development is never Compliant, and says so',
    compliant?.status === 'False',
    `${compliant?.reason}: ${compliant?.message}`,
  )
  // Canaries go out ten seconds after pods changed, and their attempts take twenty.
  const looked = await until('canaries have tried the network', 120, async () => {
    const again = await serverStatus(clinic)
    return conditionOf(again, 'NetworkEnforced')?.status === 'Unknown' ? undefined : again
  })
  const { attempts = [], lastProof } = looked.status?.network ?? {}
  const enforced = conditionOf(looked, 'NetworkEnforced')
  claim(
    'what the NetworkPolicies forbid was tried, and the network refused all of it',
    enforced?.status === 'True' && lastProof !== undefined && attempts.length > 0,
    `${enforced?.reason}: ${attempts.map(({ tried }) => tried).reduce((sum, tried) => sum + tried, 0)} attempts, last proved ${lastProof}`,
  )
  const volumes = seen?.status?.volumes ?? []
  claim(
    'the database’s volume is graded by evidence of encryption',
    volumes.some(
      ({ claim, grade }) => claim.includes('ehr-db') && (grade === 'Declared' || grade === 'Recorded'),
    ),
    volumes
      .map(({ claim, storageClass, grade, reason }) => `${claim} (${storageClass}): ${grade}, ${reason}`)
      .join('; '),
  )
  const gaps = seen?.status?.gaps ?? ''
  claim('the missing agreement shows as a gap', gaps.includes('Baa/harbourlight'), `gaps: ${gaps}`)
  const inForce = seen?.status?.policy?.hash ?? ''
  claim('the policy in force is named by its hash', /^[0-9a-f]{64}$/.test(inForce), inForce)
}

// Our fixtures behind the sidecar's own request path, in this process and without a cluster: the trail is in memory, and
// the policy permits as much as a policy can say. What the pod adds (guard, collector, orders) is not in it.

import type { AddressInfo } from 'node:net'
import { compilePolicy } from '../../core/compile.ts'
import type { Policy } from '../../core/policy.ts'
import { callsServer } from '../../sidecar/server.ts'
import { makeWork, type Work } from '../bench/work.ts'
import { freePort } from '../support/free-port.ts'
import { anInForce, someOrders } from '../support/in-force.ts'
import { memoryTrail } from '../support/trail.ts'
import { serveFixtures } from './fixtures/serve.ts'
import { modelAgreement, permitAll } from './permit-all.ts'
import { startShim } from './shim/shim.ts'

/** Fixtures, sidecar and shim. `url`: plain HTTP, for the suite. `fault`: hears of every unexpected error of the sidecar. */
export async function localSidecar(
  fault: (seen: { stage: string; name: string }) => void,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const fixtures = await serveFixtures({ host: '127.0.0.1', port: 0 })
  const upstream = new URL(fixtures.url)
  const work = await makeWork(Number(upstream.port))
  // The policy names the address by which the suite comes.
  const own = await freePort()
  const policy = policyOf(work, new URL(`http://127.0.0.1:${own}`))
  const calls = callsServer({
    tls: { ...work.server, ca: work.callersCa, minVersion: 'TLSv1.3' },
    orders: {
      ...someOrders({ inForce: anInForce({ policy, jwks: work.jwks }) }),
      agreementActive: (name) => name === modelAgreement,
    },
    trail: memoryTrail(),
    upstream: { port: Number(upstream.port) },
    watch: { fault },
  })
  await new Promise<void>((resolve) => calls.server.listen(0, '127.0.0.1', resolve))
  const { port } = calls.server.address() as AddressInfo
  const shim = await startShim({
    target: new URL(`https://127.0.0.1:${port}`),
    tls: { ...work.client, ca: work.callersCa, servername: 'localhost' },
    identify: async () => await Promise.resolve({ authorization: work.headers['authorization'] ?? '' }),
    port: own,
  })
  return {
    url: `${shim.origin}${upstream.pathname}`,
    stop: async () => {
      await shim.close()
      await calls.drain()
      await fixtures.close()
    },
  }
}

/** The policy as the operator would compile it, for the callers of the bench. */
function policyOf({ policy: { issuers, purpose, roles, workload }, callersCa }: Work, origin: URL): Policy {
  const spec = permitAll({
    port: workload.port,
    tls: { clientCa: { pem: callersCa } },
    identity: {
      issuers: issuers.map(({ url, audience, provider, rolesClaim, mfa }) => ({
        url,
        audience,
        provider,
        mfa,
        roles: { claim: rolesClaim },
      })),
      ...(purpose.claim === undefined ? {} : { purpose: { claim: purpose.claim } }),
    },
    when: roles[0]?.when ?? { role: '' },
    purpose: roles[0]?.purposes[0] ?? '',
    origin,
  })
  const server = {
    apiVersion: 'hipaa-mcp.dev/v1alpha1',
    kind: 'HipaaMcpServer',
    metadata: { name: 'fixtures', namespace: 'conformance' },
    spec,
  }
  const compiled = compilePolicy(server, { agreements: [], clientCa: '' })
  if ('issues' in compiled) throw new Error(compiled.issues.join('; '))
  return compiled.policy
}

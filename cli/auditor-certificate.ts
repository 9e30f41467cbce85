// A certificate for the person who reads the trail (docs/decisions/0005): made by a CertificateSigningRequest, approved
// by whoever Kubernetes RBAC lets, signed by the operator in the name that the API server saw. The key stays in memory.

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificateRequest, newKey, pemOf } from '../core/csr.ts'
import { auditorSigner } from '../core/identifiers.ts'
import { CannotError, type Screen } from './command.ts'
import type { Kube } from './kube.ts'
import { progress } from './progress.ts'

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

type Condition = { type: string; status: string; reason?: string; message?: string }
type SigningRequest = {
  metadata: { name: string }
  status?: { conditions?: Condition[]; certificate?: string }
}

/** Key and certificate, PEM. Waits for the approval of another person for at most `waitSeconds`. */
export async function auditorCertificate(
  kube: Kube,
  screen: Screen,
  waitSeconds: number,
): Promise<{ key: string; cert: string }> {
  const key = newKey()
  const name = `hipaa-mcp-auditor-${randomBytes(5).toString('hex')}`
  const created = await kube.request('POST', requests, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(certificateRequest(key)).toString('base64'),
      signerName: auditorSigner,
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
  })
  if (created.status !== 201)
    throw new CannotError(
      `You may not create CertificateSigningRequests (${created.status}): ask for the ClusterRole hipaa-mcp-auditor`,
    )
  const approved = await approve(kube, created.body as SigningRequest)
  if (!approved)
    screen.note(
      `Somebody who may approve for the signer ${auditorSigner} must now run:\n  kubectl certificate approve ${name}`,
    )
  const waiting = progress(screen, () =>
    approved ? `waiting for the operator to sign ${name}` : `waiting for the approval of ${name}`,
  )
  try {
    return { key: pemOf(key), cert: await signed(kube, name, waitSeconds) }
  } finally {
    waiting.done()
  }
}

/** Whether this person may approve, and did. */
async function approve(kube: Kube, request: SigningRequest): Promise<boolean> {
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'TrailExport',
    message: 'Approved by hipaa-mcp trail export with the rights of the person who runs it',
  }
  const { status } = await kube.request('PUT', `${requests}/${request.metadata.name}/approval`, {
    ...request,
    status: { ...request.status, conditions: [condition] },
  })
  if (status === 200) return true
  if (status === 403) return false
  throw new CannotError(`The API server did not take the approval (${status}): try again`)
}

async function signed(kube: Kube, name: string, waitSeconds: number): Promise<string> {
  const until = performance.now() + waitSeconds * 1000
  while (performance.now() < until) {
    const { status, body } = await kube.request('GET', `${requests}/${name}`)
    if (status !== 200) throw new CannotError(`The request ${name} is gone (${status}): try again`)
    const seen = (body as SigningRequest).status
    const refused = seen?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed')
    if (refused !== undefined)
      throw new CannotError(
        `The request ${name} was ${refused.type.toLowerCase()}: ${refused.message ?? 'no reason was given'}`,
      )
    if (seen?.certificate) return Buffer.from(seen.certificate, 'base64').toString('utf8')
    await sleep(1000)
  }
  throw new CannotError(
    `No certificate came for ${name} within ${waitSeconds} s: see that it is approved and that the operator runs`,
  )
}

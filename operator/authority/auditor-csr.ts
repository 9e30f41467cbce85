// Certificates of the people who read the trail (docs/decisions/0005): Kubernetes RBAC decides who may approve, we sign
// what was approved, in the name that the API server itself saw.

import { auditorSigner, identity } from '../../core/identifiers.ts'
import type { Condition, KubernetesObject } from '../../core/kubernetes.ts'
import type { Client } from '../cluster/client.ts'
import { kinds } from '../cluster/kinds.ts'
import { codeOf, idOf, type Log } from '../log.ts'
import type { Authority } from './ca.ts'
import { proved } from './certificate-request.ts'
import { issue } from './issue.ts'

type SigningRequest = KubernetesObject & {
  spec: {
    signerName: string
    request: string
    username?: string
    usages?: string[]
    expirationSeconds?: number
  }
  status?: { conditions?: Omit<Condition, 'observedGeneration'>[]; certificate?: string }
}

const hour = 3600
const allowedUsages: ReadonlySet<string> = new Set(['client auth', 'digital signature'])

/**
 * The certificate for an approved request, or why there will be none; undefined when it is not ours to answer: another
 * signer, not approved, denied, or answered already.
 */
export async function answerAuditor(
  authority: Authority,
  request: SigningRequest,
  now: number,
): Promise<{ certificate: string } | { refused: string } | undefined> {
  const { spec, status } = request
  const has = (type: string) =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
  if (spec.signerName !== auditorSigner || !has('Approved') || has('Denied') || has('Failed'))
    return undefined
  if (status?.certificate !== undefined && status.certificate !== '') return undefined
  const usages = spec.usages ?? []
  if (!usages.includes('client auth') || usages.some((usage) => !allowedUsages.has(usage)))
    return { refused: 'usages must be client auth, with or without digital signature' }
  // spec.username is the API server's word, immutable; the CSR's own subject is the sender's and counts for nothing.
  if (spec.username === undefined || spec.username === '') return { refused: 'the API server saw no person' }
  const csr = await proved(Buffer.from(spec.request, 'base64').toString('utf8'))
  if ('refused' in csr) return csr
  const seconds = Math.min(spec.expirationSeconds ?? hour, hour)
  const leaf = { publicKey: csr.publicKey, identity: identity.auditor(spec.username), names: [] }
  return { certificate: await issue(authority, { ...leaf, usages: ['client'], seconds }, now) }
}

/**
 * Answers requests of the auditor signer, looked for every two seconds; every replica may, the first answer stands.
 * Rejections of the API server are logged and tried again.
 */
export function signAuditors(
  client: Pick<Client, 'list' | 'applyStatus'>,
  authority: Authority,
  log: Log,
): { stop(): void } {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const round = async (): Promise<void> => {
    try {
      const { items } = await client.list<SigningRequest>(kinds.certificateSigningRequest)
      for (const request of items)
        await answer(client, authority, request, log).catch((error: unknown) =>
          log.warn('An auditor’s certificate request was not answered', {
            name: idOf(request.metadata.name),
            error: codeOf(error),
          }),
        )
    } catch (error) {
      log.warn('Auditors’ certificate requests were not read', { error: codeOf(error) })
    }
    if (stopped) return
    timer = setTimeout(next, 2_000)
    timer.unref()
  }
  const next = (): void => void round()
  next()
  return {
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

async function answer(
  client: Pick<Client, 'applyStatus'>,
  authority: Authority,
  request: SigningRequest,
  log: Log,
): Promise<void> {
  const given = await answerAuditor(authority, request, Date.now())
  if (given === undefined) return
  const { apiVersion, kind } = kinds.certificateSigningRequest
  const { name } = request.metadata
  const status =
    'refused' in given
      ? { conditions: [{ type: 'Failed', status: 'True', reason: 'NotSigned', message: given.refused }] }
      : { certificate: Buffer.from(given.certificate).toString('base64') }
  await client.applyStatus<KubernetesObject>(kinds.certificateSigningRequest, {
    apiVersion,
    kind,
    metadata: { name },
    status,
  })
  log.info('An auditor’s certificate request was answered', {
    name: idOf(name),
    reason: 'refused' in given ? 'refused' : 'signed',
  })
}

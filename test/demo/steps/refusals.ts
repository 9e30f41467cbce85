// Calls that must not be answered: who asks, how, and what they are told. End-to-end tests run the same table.

import { hostPort } from '../../../core/host-port.ts'
import type { Outcome } from '../../sample/agent.ts'
import { type Asked, call, inWords, podAddress } from '../calls.ts'
import { claim } from '../claims.ts'
import type { Clinic } from '../scene.ts'

export type Refusal = {
  title: string
  tool?: string
  args?: (patient: string) => Record<string, unknown>
  asked: Asked | ((clinic: Clinic) => Promise<Asked>)
  /** Whether the refusal is the one that was meant: another one would prove nothing. */
  meant: (outcome: Refused) => boolean
}

type Refused = Exclude<Outcome, { ok: true }>

const reason = ({ data }: Refused): string | undefined => (data as { reason?: string } | undefined)?.reason
const stepUp = ({ status, challenge = '' }: Refused): boolean =>
  status === 401 && challenge.includes('insufficient_user_authentication')
/** Cut off, turned away in the handshake, or met by nothing. A request that never left fails otherwise, as by ERR_INVALID_URL. */
const cutOff =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_SOCKET|UND_ERR_(?:CONNECT|HEADERS)_TIMEOUT|ERR_SSL_\w+)$/
const noConnection = ({ failed, status }: Refused): boolean =>
  failed !== undefined && status === undefined && cutOff.test(failed)

export const refusals: readonly Refusal[] = [
  { title: 'password alone, no second factor', asked: { mfa: false }, meant: stepUp },
  { title: 'a sign-in nine hours ago', asked: { secondsAgo: 9 * 3_600 }, meant: stepUp },
  {
    title: 'the wrong role: billing asks for a diagnosis',
    asked: { person: 'billing' },
    meant: ({ code, says }) => code === -32602 && says.includes('Unknown tool'),
  },
  {
    title: 'a tool that the server has and the policy does not list',
    tool: 'search_patients',
    args: () => ({ name: 'a' }),
    asked: {},
    meant: ({ code, says }) => code === -32602 && says.includes('Unknown tool'),
  },
  {
    title: 'an extra argument that would widen the answer',
    args: (patient_id) => ({ patient_id, sections: ['notes'] }),
    asked: {},
    meant: (outcome) =>
      outcome.code === -32602 &&
      reason(outcome) === 'argument-refused' &&
      !JSON.stringify(outcome).includes('notes'),
  },
  {
    title: 'another purpose of use than the login was for',
    asked: { purpose: 'HMARKT' },
    meant: (outcome) => outcome.code === 164502 && reason(outcome) === 'purpose-contradicts',
  },
  { title: 'training of 2019', asked: { person: 'untrained' }, meant: ({ code }) => code === 164308 },
  {
    title: 'a stolen token, shown with another certificate',
    asked: { tokenOfOther: true },
    meant: (outcome) =>
      outcome.status === 401 &&
      (reason(outcome) === 'token-unbound' || (outcome.challenge ?? '').includes('invalid_token')),
  },
  {
    title: 'an admitted pod without a certificate',
    asked: { from: 'agent-without-certificate', bare: true },
    meant: noConnection,
  },
  {
    title: 'plain HTTP to the pod’s own port, from an admitted pod',
    asked: async (clinic) => ({ url: `http://${hostPort(await podAddress(clinic), 8080)}/mcp`, bare: true }),
    meant: (outcome) => noConnection(outcome) || outcome.status === 400,
  },
  {
    title: 'straight to the server’s port, from a pod of another namespace',
    asked: async (clinic) => ({
      from: 'bystander',
      url: `http://${hostPort(await podAddress(clinic), 8080)}/mcp`,
      bare: true,
    }),
    meant: noConnection,
  },
]

/** Makes one such call. */
export async function refusalOf(
  clinic: Clinic,
  { tool = 'get_diagnosis', args, asked }: Refusal,
): Promise<Outcome> {
  const patient = clinic.records.at(-1)?.patient.id ?? ''
  const how = typeof asked === 'function' ? await asked(clinic) : asked
  return await call(clinic, tool, args?.(patient) ?? { patient_id: patient }, how)
}

export async function refusing(clinic: Clinic): Promise<void> {
  for (const one of refusals) {
    const outcome = await refusalOf(clinic, one)
    claim(one.title, !outcome.ok && one.meant(outcome), inWords(outcome))
  }
}

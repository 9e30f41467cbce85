// `hipaa-mcp revoke`: ends the access of a person, a token, a certificate or a client, everywhere, within seconds.

import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { apiVersion, group } from '../core/identifiers.ts'
import type { AccessRevocation } from '../crds/accessrevocation.generated.ts'
import { refused } from './break-glass/grants.ts'
import { CannotError, type Command, exitCodes, textOf, UsageError, type Values } from './command.ts'
import { kubeOptions, openKube } from './kube.ts'
import { textFrom } from './lines.ts'

type Spec = AccessRevocation['spec']

const causes = ['Termination', 'Lost', 'Stolen', 'Suspected', 'Other']
/** A token is refused for as long after its end as clocks may differ: after that it has expired everywhere. */
const skewSeconds = 300

export const revoke: Command = {
  name: 'revoke',
  summary: 'End access of a person, token, certificate or client, everywhere, within seconds',
  operands: '',
  example: 'revoke --client some-agent --cause Suspected',
  options: {
    person: { value: 'SUB', help: 'A person by the sub of their tokens (Entra: oid); with --issuer' },
    issuer: { value: 'URL', help: 'Issuer of the person’s tokens (iss)' },
    'token-id': { value: 'JTI', help: 'One token by its identifier (jti)' },
    token: { value: 'FILE', help: 'One token, read from a file (- standard input); its hash is kept' },
    certificate: { value: 'FILE|HEX', help: 'A client certificate: PEM file, or SHA-256 thumbprint' },
    client: { value: 'ID', help: 'A client program by its client_id' },
    cause: { value: 'CAUSE', help: causes.join(', ') },
    note: { value: 'TEXT', help: 'Why, in words; without names of patients' },
    name: { value: 'NAME', help: 'Name of the revocation; otherwise made up' },
    ...kubeOptions,
    json: { help: 'Print what was revoked as JSON' },
  },
  about:
    'Name exactly one of person, token-id, token, certificate, client. Every pod of every server refuses it within seconds, records each attempt, and answers no call of it that is still running. It lasts until it is lifted (kubectl delete accessrevocation NAME); one of a --token whose expiry can be read ends after that. Needs the ClusterRole hipaa-mcp-privacy-officer.',
  run: async (operands, values, screen) => {
    if (operands.length > 0) throw new UsageError('revoke takes options only')
    const cause = textOf(values, 'cause')
    if (cause === undefined || !causes.includes(cause))
      throw new UsageError(`--cause wants ${causes.join(', ')}`)
    const what = await whatOf(values)
    const note = textOf(values, 'note')
    const name = textOf(values, 'name') ?? `revoked-${randomBytes(5).toString('hex')}`
    const kube = await openKube(values)
    const { status, body } = await kube.request('POST', `/apis/${group}/v1alpha1/accessrevocations`, {
      apiVersion,
      kind: 'AccessRevocation',
      metadata: { name },
      spec: { ...what, cause, ...(note === undefined ? {} : { note }) },
    })
    if (status !== 201) throw refused(status, body, 'end access')
    const { spec } = body as AccessRevocation
    if (values['json'] === true) screen.out(JSON.stringify({ name, ...spec }, null, 2))
    else {
      const until = spec.expires === undefined ? '' : ` until ${spec.expires}`
      screen.out(`Revoked as ${spec.revokedBy ?? 'nobody'}${until}: ${name}`)
      screen.out(`Lift it: kubectl delete accessrevocation ${name}`)
    }
    return exitCodes.ok
  },
}

const ways: { readonly [option: string]: (value: string, values: Values) => Promise<Partial<Spec>> } = {
  person: async (sub, values) => {
    const issuer = textOf(values, 'issuer')
    if (issuer === undefined)
      throw new UsageError('--person wants --issuer as well: the same sub is another person elsewhere')
    return { person: { issuer, sub } }
  },
  'token-id': async (id) => ({ token: { id } }),
  token: async (file) => {
    const token = (await textFrom(file)).trim().replace(/^(Bearer|DPoP) /i, '')
    if (token === '') throw new CannotError('There is no token in it: give the file that holds one')
    const expires = expiryOf(token)
    return {
      token: { sha256: createHash('sha256').update(token).digest('hex') },
      ...(expires === undefined ? {} : { expires }),
    }
  },
  certificate: async (text) => ({ certificate: await thumbprintOf(text) }),
  client: async (client) => ({ client }),
}

async function whatOf(values: Values): Promise<Partial<Spec>> {
  const given = Object.keys(ways).filter((option) => textOf(values, option) !== undefined)
  const [only] = given
  if (only === undefined || given.length > 1)
    throw new UsageError('revoke wants exactly one of --person, --token-id, --token, --certificate, --client')
  return await (ways[only] as (typeof ways)[string])(textOf(values, only) as string, values)
}

/** When a JWT has expired for everybody; undefined for a token that says nothing of it. Nothing is verified: a later end is only the safer one. */
function expiryOf(token: string): string | undefined {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
    const { exp } = JSON.parse(payload) as { exp?: unknown }
    if (typeof exp !== 'number' || !Number.isFinite(exp)) return undefined
    return new Date((exp + skewSeconds) * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  } catch {
    return undefined
  }
}

/** `openssl x509 -fingerprint -sha256` prints hexadecimal with colons; records have base64url. */
async function thumbprintOf(text: string): Promise<string> {
  const hex = text.replaceAll(':', '').toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hex)) return hex
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text
  const pem = await textFrom(text)
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')
  } catch {
    throw new CannotError('That is neither a certificate in PEM nor a SHA-256 thumbprint: give one of them')
  }
}

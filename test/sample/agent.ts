// A sample agent, written with the official MCP client: it signs a person in, holds a client certificate, calls tools and
// prints what it got as one line of JSON. Its pod's entry is `wait`; `kubectl exec` runs the other commands.
//
//   node test/sample/agent.ts call TOOL [JSON] | list | sweep TOOL ID... | raw | wait
//
// Settings, each a flag or the variable in capitals (AGENT_URL, …): see `settings` below.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import {
  Client,
  ProtocolError,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { type Dispatcher, request, fetch as undiciFetch } from 'undici'
import { type ClientTls, dispatcherOf, signIn } from './sign-in.ts'

/** What came of one call, as a person or a test reads it. */
export type Outcome =
  | { ok: true; result: { content?: { type: string; text?: string }[]; structuredContent?: unknown } }
  | {
      ok: false
      /** HTTP status, where the connection was made. */
      status?: number
      /** Of the JSON-RPC error, or `tool` for a result with isError. */
      code?: number | 'tool'
      says: string
      data?: unknown
      challenge?: string
      /** Why no answer came at all: a code of Node or OpenSSL. */
      failed?: string
    }

export type Revision = '2025-11-25' | '2026-07-28'

export type AgentOptions = {
  url: string
  tls: ClientTls
  token?: string
  /** Signs a DPoP proof (RFC 9449) for each request; without it the token is sent as Bearer. */
  proof?: Proof
  revision?: Revision
  purpose?: string
}

/** `nonce`: the server's, once it gave one. */
type Proof = (request: { method: string; token: string; nonce?: string }) => Promise<string>

export type Agent = {
  list: () => Promise<{ name: string; inputSchema: unknown }[]>
  call: (tool: string, args: Record<string, unknown>) => Promise<Outcome>
  close: () => Promise<void>
}

/** An agent of one person on one server. Connecting happens at the first call, so that its refusal is an outcome too. */
export function agent(options: AgentOptions): Agent {
  const { url, tls, revision = '2025-11-25', purpose } = options
  const dispatcher = dispatcherOf(tls)
  const seen: Seen = {}
  let connected: Promise<Client> | undefined
  const client = async (): Promise<Client> => {
    connected ??= connect(url, revision, watching(dispatcher, options, seen))
    // A connection that was refused is tried anew at the next call.
    connected.catch(() => (connected = undefined))
    return await connected
  }
  const meta = purpose === undefined ? {} : { _meta: { 'dev.hipaa-mcp/purpose': purpose } }
  const call = async (name: string, args: Record<string, unknown>): Promise<Outcome> => {
    try {
      const result = await (await client()).callTool({ name, arguments: args, ...meta })
      if (result.isError !== true) return { ok: true, result }
      const says = result.content.map((part) => (part.type === 'text' ? part.text : part.type)).join(' ')
      return { ok: false, status: 200, code: 'tool', says }
    } catch (error) {
      return outcomeOf(error, seen)
    }
  }
  return {
    list: async () => (await (await client()).listTools()).tools,
    call: async (name, args) => {
      const first = await call(name, args)
      // MCP 2025-11-25, Session Management: after a 404 a client initializes a new session. The call was not made, so
      // making it again is safe. A session ends with the pod that held it.
      if (first.ok || first.status !== 404) return first
      connected = undefined
      return await call(name, args)
    },
    close: async () => {
      await (await connected)?.close()
      await dispatcher.close()
    },
  }
}

/** What the last answer said beside its body: the client does not hand headers on. */
type Seen = { status?: number; challenge?: string; body?: string; nonce?: string }

async function connect(url: string, revision: Revision, fetch: typeof globalThis.fetch): Promise<Client> {
  const mode = revision === '2026-07-28' ? { pin: revision } : 'legacy'
  const client = new Client({ name: 'sample-agent', version: '1.0.0' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }))
  return client
}

function watching(
  dispatcher: Dispatcher,
  { token, proof }: Pick<AgentOptions, 'token' | 'proof'>,
  seen: Seen,
): typeof globalThis.fetch {
  const once = async (...[input, init]: Parameters<typeof globalThis.fetch>) => {
    const headers = new Headers(init?.headers)
    if (token !== undefined)
      headers.set('authorization', `${proof === undefined ? 'Bearer' : 'DPoP'} ${token}`)
    const { nonce } = seen
    const signed = await proof?.({
      method: init?.method ?? 'GET',
      token: token ?? '',
      ...(nonce === undefined ? {} : { nonce }),
    })
    if (signed !== undefined) headers.set('dpop', signed)
    const answer = await undiciFetch(input instanceof Request ? input.url : input, {
      ...init,
      headers: [...headers],
      dispatcher,
    } as Parameters<typeof undiciFetch>[1])
    const given = answer.headers.get('dpop-nonce')
    const asks = answer.status === 401 && given !== null && given !== nonce
    if (given !== null) seen.nonce = given
    return { answer, asks }
  }
  return async (...sent) => {
    let { answer, asks } = await once(...sent)
    // RFC 9449 9: the same again, with the nonce that the server gave.
    if (proof !== undefined && asks) {
      await answer.body?.cancel()
      ;({ answer, asks } = await once(...sent))
    }
    seen.status = answer.status
    const challenge = answer.headers.get('www-authenticate')
    if (challenge === null) delete seen.challenge
    else seen.challenge = challenge
    if (answer.ok) delete seen.body
    else seen.body = await answer.clone().text()
    return answer as unknown as Response
  }
}

function outcomeOf(error: unknown, seen: Seen): Outcome {
  if (error instanceof ProtocolError) {
    return {
      ok: false,
      status: seen.status ?? 200,
      code: error.code,
      says: error.message,
      ...(error.data === undefined ? {} : { data: error.data }),
    }
  }
  if (error instanceof SdkHttpError || (seen.status ?? 200) >= 400) {
    return { ok: false, ...refusalIn(seen) }
  }
  const cause = deepestCode(error)
  return {
    ok: false,
    says: 'no answer',
    failed: cause ?? (error instanceof Error ? error.message : 'unknown'),
  }
}

/** An answer with a status of 400 and more usually carries a JSON-RPC error. */
function refusalIn({ status, challenge, body = '' }: Seen): {
  status: number
  says: string
  code?: number
  data?: unknown
  challenge?: string
} {
  let says = ''
  let rest: { code?: number; data?: unknown } = {}
  try {
    const { error } = JSON.parse(body) as { error?: { code: number; message: string; data?: unknown } }
    says = error?.message ?? ''
    if (error !== undefined)
      rest = { code: error.code, ...(error.data === undefined ? {} : { data: error.data }) }
  } catch {
    says = body.slice(0, 200)
  }
  return { status: status ?? 0, says, ...rest, ...(challenge === undefined ? {} : { challenge }) }
}

/** Node's and OpenSSL's codes stand on the innermost cause. */
function deepestCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  return deepestCode(error.cause) ?? (typeof code === 'string' ? code : undefined)
}

const settings = {
  url: { type: 'string' },
  issuer: { type: 'string' },
  resource: { type: 'string' },
  person: { type: 'string' },
  revision: { type: 'string' },
  purpose: { type: 'string' },
  scope: { type: 'string' },
  /** Folder of tls.crt, tls.key and ca.crt, as a Secret of type kubernetes.io/tls is mounted. */
  certificates: { type: 'string' },
  /** Folder whose certificate the token is asked with, where another than the one that calls. */
  'token-certificates': { type: 'string' },
  'no-mfa': { type: 'boolean' },
  'no-certificate': { type: 'boolean' },
  'no-token': { type: 'boolean' },
  'seconds-ago': { type: 'string' },
} as const

async function main(argv: string[]): Promise<unknown> {
  const { values, positionals } = parseArgs({ args: argv, options: settings, allowPositionals: true })
  const [command = '', ...rest] = positionals
  const setting = (name: keyof typeof values): string => {
    const value = values[name] ?? process.env[`AGENT_${name.toUpperCase().replaceAll('-', '_')}`]
    if (typeof value !== 'string')
      throw new Error(`--${name} is missing, and so is AGENT_${name.toUpperCase().replaceAll('-', '_')}`)
    return value
  }
  const option = (name: keyof typeof values, otherwise: string): string => {
    try {
      return setting(name)
    } catch {
      return otherwise
    }
  }
  if (command === 'wait') {
    // A signal's listener alone keeps no process alive.
    const staying = setInterval(() => undefined, 60_000)
    await new Promise((resolve) => process.once('SIGTERM', resolve))
    clearInterval(staying)
    return undefined
  }
  const tls = certificatesIn(setting('certificates'), values['no-certificate'])
  const token =
    values['no-token'] === true
      ? undefined
      : await signIn({
          issuer: setting('issuer'),
          tls:
            values['token-certificates'] === undefined ? tls : certificatesIn(values['token-certificates']),
          person: setting('person'),
          resource: setting('resource'),
          ...(values.scope === undefined ? {} : { scope: values.scope }),
          mfa: values['no-mfa'] !== true,
          secondsAgo: Number(values['seconds-ago'] ?? 0),
        })
  const purpose = option('purpose', '')
  const one = agent({
    url: setting('url'),
    tls,
    ...(token === undefined ? {} : { token: token.accessToken }),
    revision: option('revision', '2025-11-25') as Revision,
    ...(purpose === '' ? {} : { purpose }),
  })
  try {
    if (command === 'list') return (await one.list()).map(({ name }) => name)
    if (command === 'call')
      return await one.call(rest[0] ?? '', JSON.parse(rest[1] ?? '{}') as Record<string, unknown>)
    if (command === 'sweep') return await sweep(one, rest[0] ?? '')
    if (command === 'raw') return await raw(setting('url'), tls, token?.accessToken)
    throw new Error(
      'usage: agent.ts call TOOL [JSON] | list | sweep TOOL (ids on standard input) | raw (requests on standard input) | wait',
    )
  } finally {
    await one.close()
  }
}

/** Calls the tool for every patient whose identifier stands on standard input, one after the other. */
async function sweep(
  one: Agent,
  tool: string,
): Promise<{ answered: number; refused: Record<string, number> }> {
  const refused: Record<string, number> = {}
  let answered = 0
  for await (const id of createInterface({ input: process.stdin })) {
    if (id === '') continue
    const outcome = await one.call(tool, { patient_id: id })
    if (outcome.ok) answered++
    else refused[outcome.says] = (refused[outcome.says] ?? 0) + 1
  }
  return { answered, refused }
}

/** An HTTP request as somebody who keeps to no rule would send it. `url`: below the server's own, unless whole. */
export type RawRequest = {
  url?: string
  method?: 'POST' | 'GET' | 'DELETE'
  headers?: Record<string, string>
  body?: string
  /** Sent without the person's token. */
  bare?: true
}
/** `failed`: why no answer came. */
export type RawAnswer = { status: number; headers: unknown; text: string; failed?: string }

/** Sends every request of standard input, a line of JSON each, over one connection and sign-in. */
async function raw(url: string, tls: ClientTls, token: string | undefined): Promise<RawAnswer[]> {
  const dispatcher = dispatcherOf(tls)
  const answers: RawAnswer[] = []
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === '') continue
    const { url: to = '', method = 'POST', headers = {}, body, bare } = JSON.parse(line) as RawRequest
    try {
      const answer = await request(new URL(to, url), {
        method,
        dispatcher,
        headersTimeout: 15_000,
        bodyTimeout: 5_000,
        headers: { ...(bare === true ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body === undefined ? {} : { body }),
      })
      answers.push({ status: answer.statusCode, headers: answer.headers, text: await answer.body.text() })
    } catch (error) {
      answers.push({ status: 0, headers: {}, text: '', failed: deepestCode(error) ?? 'unknown' })
    }
  }
  await dispatcher.close()
  return answers
}

/** What a folder of certificates holds; a caller without one has the CA alone. */
export function certificatesIn(folder: string, without = false): ClientTls {
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8')
  return without
    ? { ca: file('ca.crt') }
    : { cert: file('tls.crt'), key: file('tls.key'), ca: file('ca.crt') }
}

if (import.meta.main) {
  const answer = await main(process.argv.slice(2))
  if (answer !== undefined) console.log(JSON.stringify(answer))
}

// Requests in a person's name: over their certificate, with a token that is bound to it. Renewed without a word while the
// login counts; a person is asked again only when the server says so, and never for what the machine does by itself.

import { readFile } from 'node:fs/promises'
import { type Agent, type Dispatcher, request } from 'undici'
import { CannotError } from '../command.ts'
import { type Challenge, challengeIn } from './challenge.ts'
import { endOf, proof } from './keys.ts'
import { type LoginOptions, logIn, renewed } from './login.ts'
import { connections } from './net.ts'
import type { Session, State } from './state.ts'
import type { Bound } from './tokens.ts'

export type Call = {
  method: 'GET' | 'POST' | 'DELETE'
  headers: { readonly [name: string]: string }
  body?: string
  signal: AbortSignal
  /** Nobody sits there and waits for it: then nobody is asked to log in. */
  background?: true
}

export type Reply = Pick<Dispatcher.ResponseData, 'headers' | 'body'> & { status: number }

export interface Identity {
  /** Logs in, where what is there will not do. Rejects with `CannotError`. */
  ready(): Promise<Session>
  /** Sends one request, again where a renewal or a login makes the difference. Rejects when nobody answers. */
  call(asked: Call): Promise<Reply>
  close(): Promise<void>
}

export type IdentityOptions = {
  login: LoginOptions
  state: State
  /** The access token is somebody else's care, and stands in this file at any time. */
  tokenFile?: string
  /** Called with each new session. */
  onSession: (session: Session) => void
}

/** A session in use. */
type Live = { session: Session; agent: Agent; nonce?: string }

/** Before its end, milliseconds: what is sent is to arrive in time. */
const ahead = 20_000
/** After a login that failed nobody is asked again for so long, milliseconds. */
const respite = 30_000
const mostAttempts = 6

/** Nothing is asked of anybody before the first call. */
export function identity(options: IdentityOptions): Identity {
  const { login, state } = options
  const { place, ca } = login
  let live: Live | undefined
  /** What is under way, for all who wait for it. */
  let working: Promise<Live> | undefined
  let failed = { at: Number.NEGATIVE_INFINITY, why: undefined as unknown }

  async function use(session: Session, fresh: boolean): Promise<Live> {
    if (fresh && options.tokenFile === undefined) await state.save(session)
    const before = live
    const { key, certificate: cert } = session
    if (before?.session.certificate === cert && before.session.key === key) live = { ...before, session }
    else {
      live = { session, agent: connections(ca, { key, cert }) }
      // Resolves when the last exchange on it is over.
      before?.agent.close().catch(() => undefined)
    }
    options.onSession(session)
    return live
  }

  /** One at a time: whoever comes in between waits for the same. */
  async function alone(work: () => Promise<Live>): Promise<Live> {
    working ??= work().finally(() => (working = undefined))
    return await working
  }

  async function newLogin(challenge: { readonly [name: string]: string } = {}): Promise<Live> {
    if (options.tokenFile !== undefined)
      throw new CannotError('The token of --token-file will not do: have it renewed, by a new login')
    if (performance.now() - failed.at < respite) throw failed.why
    const before = live?.session.tokens.access
    const done = await state.turn()
    try {
      // Whoever had the turn before logged the same person in.
      const kept = await first()
      if (kept !== undefined && kept.session.tokens.access !== before) return kept
      return await use(await logIn(login, challenge), true)
    } catch (why) {
      failed = { at: performance.now(), why }
      throw why
    } finally {
      await done()
    }
  }

  /** New tokens for the old ones; undefined where only a login helps. */
  async function renew({ session }: Live): Promise<Live | undefined> {
    const { key, certificate, client, tokens } = session
    const bound: Bound = session.binding === 'DPoP' ? { key } : { certificate: { key, cert: certificate } }
    const { issuer, resource } = place
    const next = await renewed({ issuer, resource, client, ca }, tokens, bound)
    return next === undefined ? undefined : await use({ ...session, tokens: next }, true)
  }

  /** What another host on this machine made of the session meanwhile: refresh tokens are good once. */
  async function elsewhere({ session }: Live): Promise<Live | undefined> {
    const kept = await first()
    return kept === undefined || kept.session.tokens.access === session.tokens.access ? undefined : kept
  }

  async function first(): Promise<Live | undefined> {
    const { tokenFile } = options
    if (tokenFile === undefined) {
      const kept = await state.load()
      const same =
        kept?.issuer === place.issuer.issuer && kept.client === login.client && kept.binding === place.binding
      const own = login.pair === undefined || login.pair.cert === kept?.certificate
      return kept !== undefined && same && own ? await use(kept, false) : undefined
    }
    if (login.pair === undefined) throw new CannotError('--token-file wants --certificate and --key')
    const tokens = { access: '', expires: Number.POSITIVE_INFINITY }
    const { key, cert: certificate } = login.pair
    const { client } = login
    return await use(
      { issuer: place.issuer.issuer, client, binding: place.binding, key, certificate, tokens },
      false,
    )
  }

  /** A session that is good for the next moment. */
  async function current(background: boolean): Promise<Live> {
    const at = Date.now() + ahead
    const good = ({ session }: Live): boolean =>
      session.tokens.expires > at && endOf(session.certificate) > at
    if (live !== undefined && good(live)) return live
    return await alone(async () => {
      if (live !== undefined && good(live)) return live
      // Another host on this machine may have renewed it.
      const there = (await first()) ?? live
      if (there !== undefined && good(there)) return there
      const renewable = there !== undefined && endOf(there.session.certificate) > at
      const next = renewable ? await renew(there) : undefined
      if (next !== undefined) return next
      if (background) throw new CannotError('Nobody is logged in')
      return await newLogin()
    })
  }

  async function send(using: Live, asked: Call): Promise<Reply> {
    const { url } = place
    const { session, nonce } = using
    const token = options.tokenFile === undefined ? session.tokens.access : await tokenIn(options.tokenFile)
    const { method, headers, body, signal } = asked
    const signed =
      session.binding === 'DPoP'
        ? {
            authorization: `DPoP ${token}`,
            dpop: await proof(session.key, { method, url, token, ...(nonce === undefined ? {} : { nonce }) }),
          }
        : { authorization: `Bearer ${token}` }
    const answer = await request(url, {
      dispatcher: using.agent,
      method,
      signal,
      headers: { ...headers, ...signed },
      ...(body === undefined ? {} : { body }),
    })
    const next = answer.headers['dpop-nonce']
    if (typeof next === 'string') using.nonce = next
    return { status: answer.statusCode, headers: answer.headers, body: answer.body }
  }

  return {
    ready: async () => (await current(false)).session,
    async call(asked) {
      const tried = new Set<Remedy>()
      for (let attempt = 1; ; attempt += 1) {
        const using = await current(asked.background === true)
        const reply = await send(using, asked)
        const challenge = challengeIn(reply.headers['www-authenticate'])
        const remedy = remedyFor(reply.status, challenge, using !== live, tried)
        if (remedy === undefined || attempt === mostAttempts) return reply
        if (asked.background === true && remedy !== 'nonce' && remedy !== 'again') return reply
        tried.add(remedy)
        await reply.body.dump()
        const parameters = challenge?.parameters ?? {}
        if (remedy === 'renewal')
          await alone(async () => (await renew(using)) ?? (await elsewhere(using)) ?? (await newLogin()))
        if (remedy === 'login') await alone(async () => await newLogin(parameters))
      }
    },
    async close() {
      await live?.agent.destroy()
    },
  }
}

/** What may make the difference between a refusal and an answer. */
type Remedy = 'nonce' | 'again' | 'renewal' | 'login'

function remedyFor(
  status: number,
  challenge: Challenge | undefined,
  superseded: boolean,
  tried: ReadonlySet<Remedy>,
): Remedy | undefined {
  if (status !== 401 && !(status === 403 && challenge?.error === 'insufficient_scope')) return undefined
  const error = challenge?.error ?? ''
  const untried = (...remedies: Remedy[]): Remedy | undefined => remedies.find((one) => !tried.has(one))
  // Somebody else has renewed meanwhile: what was refused is not what would be sent now.
  if (superseded && !tried.has('again')) return 'again'
  // The first proof lacks what only an answer can give (RFC 9449 9).
  if (error === 'use_dpop_nonce' || error === 'invalid_dpop_proof') return untried('nonce')
  if (['insufficient_user_authentication', 'insufficient_claims', 'insufficient_scope'].includes(error))
    return untried('login')
  // Without a challenge it is the connection that will not do.
  return challenge === undefined ? untried('again') : untried('renewal', 'login')
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim().replace(/^(Bearer|DPoP) /i, '')
  } catch {
    throw new CannotError(`${file} cannot be read: check --token-file`)
  }
}

// Login in the browser: authorization code with PKCE (RFC 7636) over a loopback address (RFC 8252 7.3). The code comes
// back to a port that only this machine reaches, once, for the state that we gave out.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CannotError } from '../command.ts'
import type { Place } from './discover.ts'
import { newPkce } from './pkce.ts'

export type BrowserOptions = Pick<Place, 'issuer' | 'resource'> & {
  /** Registered with the client; its port is open (RFC 8252 7.3). */
  redirect: string
  /** Opens an address; what is printed is printed anyway. */
  open: (url: string) => void
  note: (line: string) => void
}

export type Wanted = { client: string; parameters: { [name: string]: string } }
export type Code = { code: string; verifier: string; redirect: string }

/** A person takes so long at most, milliseconds. */
const patience = 300_000

/**
 * What the person sees first, and what becomes of each code, at once: `use` says what the same browser is asked for next,
 * where the login is known already, or nothing when all is done. Rejects with `CannotError`, or as `use` does.
 */
export async function codesByBrowser(
  options: BrowserOptions,
  first: Wanted,
  use: (code: Code) => Promise<Wanted | undefined>,
): Promise<void> {
  const address = new URL(options.redirect)
  const server = createServer({ requestTimeout: 10_000 })
  // The address as registered says which family; never more than loopback.
  const host = address.hostname === '[::1]' ? '::1' : '127.0.0.1'
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(new CannotError(`Port ${address.port} of ${host} is taken: free it, or use --device`)),
    )
    server.listen(Number(address.port), host, resolve)
  })
  address.port = String((server.address() as AddressInfo).port)
  const ended = Promise.withResolvers<void>()
  let expected: Step | undefined = step(options, address.href, first)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', address)
    const current = expected
    // Whatever else a browser or another program asks for is nothing of ours, and ends nothing.
    if (request.method !== 'GET' || url.pathname !== address.pathname || current === undefined)
      return void response.writeHead(404).end()
    if (url.searchParams.get('state') !== current.state) return void response.writeHead(400).end()
    // A state is good once.
    expected = undefined
    // The page may be closed while the code is used: this is told once, then or later.
    let closed = false
    const gone = new Promise<void>((resolve) => response.once('close', resolve)).then(() => {
      closed = true
    })
    const fault = faultIn(url.searchParams, options.issuer)
    if (fault !== undefined) throw new CannotError(fault)
    const next = await use({ ...current, code: url.searchParams.get('code') ?? '' })
    if (next === undefined) {
      page(response, 'You are logged in. You may close this page.')
      void gone.then(ended.resolve)
      return
    }
    expected = step(options, address.href, next)
    // Nobody is there to be sent on.
    if (closed) return show(expected)
    response.writeHead(302, { location: expected.begin, 'cache-control': 'no-store' }).end()
  }

  function show({ begin }: Step): void {
    options.note(`Log in with your browser: ${begin}`)
    options.open(begin)
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((error: unknown) => {
      page(response, 'The login did not succeed; your MCP host shows why. You may close this page.')
      ended.reject(error)
    })
  })
  const timer = setTimeout(
    () => ended.reject(new CannotError('Nobody logged in within five minutes: begin anew')),
    patience,
  )
  try {
    show(expected)
    await ended.promise
  } finally {
    clearTimeout(timer)
    server.closeIdleConnections()
    server.close()
  }
}

type Step = { begin: string; state: string; verifier: string; redirect: string }

function step({ issuer, resource }: BrowserOptions, redirect: string, { client, parameters }: Wanted): Step {
  const { verifier, challenge } = newPkce()
  const state = randomBytes(16).toString('base64url')
  const begin = new URL(issuer.authorize)
  const all = {
    response_type: 'code',
    client_id: client,
    redirect_uri: redirect,
    resource,
    state,
    ...challenge,
    ...parameters,
  }
  for (const [name, value] of Object.entries(all)) begin.searchParams.set(name, value)
  return { begin: begin.href, state, verifier, redirect }
}

/** Why there is no code; an answer of another issuer is one too (RFC 9207 2.4, mix-up). */
function faultIn(answer: URLSearchParams, { issuer, namesItself }: Place['issuer']): string | undefined {
  const iss = answer.get('iss')
  if (iss === null ? namesItself : iss !== issuer)
    return `The answer to the login does not come from ${issuer}: begin anew, and tell your security team if it happens again`
  const error = answer.get('error')
  if (error === null && answer.get('code') !== null) return undefined
  const code = error !== null && /^[a-z_]{1,64}$/.test(error) ? error : 'no code'
  return `${issuer} did not log you in (${code}): try again, or ask its administrators`
}

function page(response: ServerResponse, says: string): void {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'",
    'referrer-policy': 'no-referrer',
    connection: 'close',
  }
  response.writeHead(200, headers).end(`<!doctype html><title>hipaa-mcp</title><p>${says}</p>`)
}

/** Opens the person's browser; where there is none, what was printed is for them to open. */
export function openBrowser(url: string): void {
  const [command, ...args] = ({ darwin: ['open'], win32: ['rundll32', 'url.dll,FileProtocolHandler'] }[
    process.platform as string
  ] ?? ['xdg-open']) as [string, ...string[]]
  // Never by a shell: the address came over the network.
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}

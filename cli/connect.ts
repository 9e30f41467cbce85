// `hipaa-mcp connect URL`: an MCP server on standard input and output, for hosts that can do neither client certificates
// nor bound tokens. A person logs in; the host notices nothing.

import { readFile } from 'node:fs/promises'
import {
  CannotError,
  type Command,
  exitCodes,
  type Screen,
  textOf,
  UsageError,
  type Values,
} from './command.ts'
import { openBrowser } from './connect/browser.ts'
import { discover, type Place } from './connect/discover.ts'
import { type Identity, identity } from './connect/identity.ts'
import { endOf } from './connect/keys.ts'
import { linesOf } from './connect/lines.ts'
import { connected, httpsUrl, type KeyPair, reasonOf } from './connect/net.ts'
import { proxy } from './connect/proxy.ts'
import { describe, type Purpose, purposeIn } from './connect/purpose.ts'
import { keepState, type Session, type State, stateFolder } from './connect/state.ts'

export const connect: Command = {
  name: 'connect',
  summary: 'Connect an MCP host to a server, as a person who logs in',
  operands: 'URL',
  example: 'connect https://ehr.clinic.example.org/mcp --purpose TREAT',
  options: {
    purpose: {
      value: 'CODE',
      help: 'Purpose of use (HL7): TREAT, HPAYMT, HOPERAT …; a login that states one counts',
    },
    device: { help: 'Log in on another device, by a code; without a browser here' },
    'client-id': { value: 'ID', help: 'This program’s name at the issuer; otherwise hipaa-mcp-connect' },
    'enrol-client': { value: 'ID', help: 'Another one for enrolment, whose tokens are bound to nothing' },
    issuer: { value: 'URL', help: 'Which issuer to log in at, where the server trusts several' },
    discovery: {
      value: 'PORT|URL',
      help: 'Where the server’s metadata is; otherwise port 8444 of the same host',
    },
    resource: { value: 'URI', help: 'The server’s name for itself, where that is not the URL' },
    redirect: { value: 'URL', help: 'Loopback address of the login; otherwise http://127.0.0.1/signed-in' },
    'no-browser': { help: 'Print the address of the login, open nothing' },
    ca: { value: 'FILE', help: 'CA of the server and the issuer, PEM, besides those of this machine' },
    certificate: { value: 'FILE', help: 'A client certificate that is there already, PEM; none is enrolled' },
    key: { value: 'FILE', help: 'Its key, PEM' },
    'token-file': { value: 'FILE', help: 'Its token, kept current by another program; nobody logs in' },
    state: { value: 'DIR', help: 'Where key, certificate and tokens are kept, for this user alone' },
    login: { help: 'Log in, say who and until when, and end' },
    logout: { help: 'Forget key, certificate and tokens, and end' },
  },
  about:
    'A host starts it with command and args and speaks MCP with it. It looks up where the server’s people log in, opens the browser there, makes a key on this machine, has a client certificate enrolled for it (eight hours at most), and gets tokens that are good with that key only. It renews them by itself, and asks for a new login when the server does.\nEverything a person should know is on standard error: where to log in, and which purpose of use is in force. What the host and the server say to each other is written nowhere.\nHow to set up a host, and the issuer: docs/connect.md.',
  run: async (operands, values, screen) => {
    const [url] = operands
    if (url === undefined || operands.length > 1) throw new UsageError('connect wants the URL of one server')
    const client = textOf(values, 'client-id') ?? 'hipaa-mcp-connect'
    const state = keepState(textOf(values, 'state') ?? stateFolder(), httpsUrl(url).href, client)
    if (values['logout'] === true) {
      await state.forget()
      screen.note('Key, certificate and tokens of this server are forgotten here')
      return exitCodes.ok
    }
    const set = await setUp(url, client, state, values, screen)
    const { who } = set
    if (values['login'] !== true) return await serve(set, screen)
    try {
      const session = await who.ready()
      screen.out(`Logged in at ${session.issuer} until ${new Date(endOf(session.certificate)).toISOString()}`)
      return exitCodes.ok
    } finally {
      await who.close()
    }
  },
}

type SetUp = { who: Identity; purpose: () => Promise<Purpose | undefined> }

async function setUp(
  url: string,
  client: string,
  state: State,
  values: Values,
  screen: Screen,
): Promise<SetUp> {
  const note = (line: string): void => screen.note(`hipaa-mcp: ${line}`)
  const ca = textOf(values, 'ca') === undefined ? [] : [await fileText(textOf(values, 'ca') as string)]
  const pair = await pairOf(values)
  const tokenFile = textOf(values, 'token-file')
  if (tokenFile !== undefined && pair === undefined)
    throw new UsageError(
      '--token-file wants --certificate and --key: a token is good with what it is bound to',
    )
  const place = await placeOf(url, values, ca)
  const option = textOf(values, 'purpose')
  let purpose: Purpose | undefined
  let shown: string | undefined
  const onSession = ({ tokens }: Session): void => {
    purpose = purposeIn(tokens.access, place.connect.purpose_claim, option)
    const says = describe(purpose, option)
    if (says !== shown) note(says)
    shown = says
  }
  const enrolClient = textOf(values, 'enrol-client')
  const who = identity({
    login: {
      place,
      client,
      ca,
      device: values['device'] === true,
      redirect: redirectOf(values),
      open: values['no-browser'] === true ? () => undefined : openBrowser,
      note,
      ...(enrolClient === undefined ? {} : { enrolClient }),
      ...(pair === undefined ? {} : { pair }),
    },
    state,
    onSession,
    ...(tokenFile === undefined ? {} : { tokenFile }),
  })
  return {
    who,
    async purpose() {
      // Who cannot log in is told so by the call itself.
      await who.ready().catch(() => undefined)
      return purpose
    },
  }
}

async function placeOf(url: string, values: Values, ca: readonly string[]): Promise<Place> {
  const [issuer, resource] = [textOf(values, 'issuer'), textOf(values, 'resource')]
  const where = {
    url: httpsUrl(url).href,
    discovery: textOf(values, 'discovery') ?? '8444',
    ...(resource === undefined ? {} : { resource }),
    ...(issuer === undefined ? {} : { issuer }),
  }
  return await connected(ca, async (dispatcher) => await discover(where, dispatcher))
}

/** Until the host closes its end, or a signal comes. */
async function serve({ who, purpose }: SetUp, screen: Screen): Promise<number> {
  const stop = Promise.withResolvers<'told' | 'ended'>()
  const told = (): void => stop.resolve('told')
  process.once('SIGTERM', told)
  process.once('SIGINT', told)
  // A host that is gone reads nothing: there is nobody to go on for.
  process.stdout.on('error', told)
  const note = (line: string): void => screen.note(`hipaa-mcp: ${line}`)
  const between = proxy({ identity: who, out: screen.out, note, purpose })
  let ending = false
  read(between).then(
    () => stop.resolve('ended'),
    (error: unknown) => {
      // Destroyed by ourselves, at the end, it breaks too.
      if (!ending) note(`The host’s end broke: ${reasonOf(error)}`)
      stop.resolve('told')
    },
  )
  try {
    // At once, and not with the first message: a person who is asked to log in may still be looking.
    await Promise.race([who.ready(), stop.promise])
    const why = await stop.promise
    await between.end(why === 'ended' ? patience.ended : patience.told)
    return exitCodes.ok
  } finally {
    ending = true
    process.stdin.destroy()
    process.off('SIGTERM', told)
    process.off('SIGINT', told)
    await who.close()
  }
}

/** How long answers may still come after the host closed its end, and after a signal, milliseconds. */
const patience = { ended: 5_000, told: 0 }

async function read(between: { take(line: string): void }): Promise<void> {
  for await (const line of linesOf(process.stdin)) between.take(line)
}

async function pairOf(values: Values): Promise<KeyPair | undefined> {
  const [certificate, key] = [textOf(values, 'certificate'), textOf(values, 'key')]
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined)
    throw new UsageError('--certificate and --key belong together: give both')
  const [cert, pem] = await Promise.all([certificate, key].map(fileText))
  return { cert: cert as string, key: pem as string }
}

/** Not `textFrom`: standard input is the host's. */
async function fileText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new CannotError(`${file} cannot be read: check its name`)
  }
}

function redirectOf(values: Values): string {
  const text = textOf(values, 'redirect') ?? 'http://127.0.0.1/signed-in'
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' || !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname))
    throw new UsageError('--redirect wants an address of this machine, such as http://127.0.0.1/signed-in')
  return url.href
}

// Runs in a container on a real node and tries, one after the other, what the files of attempts/ say: the same program, the
// same way, in an enrolled namespace and in one that is not. `in-pod.ts ROLE`; what came of each is a line of its log.

import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'

type Given = { id: string; by: string; run: string; patience?: true }
type Targets = { readonly [name: string]: string }

const patienceMs = 2_000
/** As the operator's canaries: open is what stays open, shut is what was refused three times in a row. */
const rounds = 20
const enough = 3

const folder = process.env['ATTEMPTS'] ?? '/attempts'
const role = process.argv[2] ?? ''
const read = (file: string): unknown => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))
const pause = async (milliseconds: number) =>
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
const addresses = (family: 'IPv4' | 'IPv6') =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter((one) => one.family === family && !one.internal)
    .map(({ address }) => address)
const isLinkLocal = (address: string) => address.startsWith('fe80:')
/** The pod's own address, as others know it. */
const own = (family: 'IPv4' | 'IPv6' = 'IPv4') =>
  addresses(family).find((address) => !isLinkLocal(address)) ?? ''

/** 'through' once it is connected, or once what comes back contains `expected`; else how it failed. `next`: said after an answer. */
async function dial(
  host: string,
  port: number | string,
  says = '',
  expected = '',
  next = '',
): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) })
    let got = ''
    if (next !== '') socket.once('data', () => socket.write(next, 'latin1'))
    const ends = (text: string) => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(patienceMs, () => ends('silence'))
    socket.on('error', (error: NodeJS.ErrnoException) => ends(error.code ?? error.message))
    socket.on('close', () => ends('closed'))
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      if (got.includes(expected)) ends('through')
    })
    socket.on('connect', () => {
      if (expected === '') ends('through')
      else socket.write(says, 'latin1')
    })
  })
}

/** 'through' once an answer comes. */
async function datagram(host: string, port: number | string, bytes = 5): Promise<string> {
  return await new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const ends = (text: string) => {
      clearTimeout(timer)
      socket.close()
      resolve(text)
    }
    const timer = setTimeout(() => ends('silence'), patienceMs)
    socket.on('error', (error: NodeJS.ErrnoException) => ends(error.code ?? error.message))
    socket.on('message', () => ends('through'))
    socket.send(Buffer.alloc(bytes, 'x'), Number(port), host, (error) => {
      if (error !== null) ends((error as NodeJS.ErrnoException).code ?? error.message)
    })
  })
}

/** Asks the pod's own resolver, or one that is named. */
async function resolves(name: string, server?: string): Promise<string> {
  const resolver = new Resolver({ timeout: patienceMs, tries: 1 })
  if (server !== undefined) resolver.setServers([server])
  return await resolver.resolve4(name).then(
    ([address]) => (address === undefined ? 'nothing' : 'through'),
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  )
}

const vector = (size: 1 | 2 | 3, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(size)
  length.writeUIntBE(body.length, 0, size)
  return Buffer.concat([length, body])
}
const extension = (type: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)])

/** A TLS ClientHello (RFC 8446 4.1.2) for these server names. `more`: other extensions. `split`: over two records. */
function hello(names: readonly string[], more: readonly Buffer[] = [], split = false): string {
  const extensions = [
    ...names.map((name) =>
      extension(0, vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))]))),
    ),
    extension(43, vector(1, Buffer.from('0304', 'hex'))),
    ...more,
  ]
  const message = Buffer.concat([
    Buffer.from([1]),
    vector(
      3,
      Buffer.from('0303', 'hex'),
      Buffer.alloc(32, 7),
      vector(1),
      vector(2, Buffer.from('1301', 'hex')),
      vector(1, Buffer.from([0])),
      vector(2, ...extensions),
    ),
  ])
  const records = split ? [message.subarray(0, 60), message.subarray(60)] : [message]
  return Buffer.concat(records.flatMap((part) => [Buffer.from('160301', 'hex'), vector(2, part)])).toString(
    'latin1',
  )
}

/** A HelloRetryRequest (RFC 8446 4.1.4): for P-384. */
const retryRequest = (): Buffer => {
  const message = vector(
    3,
    Buffer.from('0303', 'hex'),
    hash('sha256', 'HelloRetryRequest', 'buffer'),
    vector(1),
    Buffer.from('130100', 'hex'),
    vector(2, extension(43, Buffer.from('0304', 'hex')), extension(51, Buffer.from('0018', 'hex'))),
  )
  return Buffer.concat([Buffer.from('160303', 'hex'), vector(2, Buffer.from([2]), message)])
}
/** Of a hello that offers no key: a server must ask for another one. */
const noKey = extension(51, vector(2))

/** A connection to a declared name that says this. Where not even the right hello comes through, nothing is shown: 'through'. */
async function under(name: string, says: string, next?: string): Promise<string> {
  for (let round = 0; round < rounds; round += 1) {
    if ((await dial(name, 443, hello([name]), '200 OK')) === 'through')
      return await dial(name, 443, says, '200 OK', next)
    await pause(1_000)
  }
  return 'through'
}

const hex = (text: string) => Buffer.from(text, 'hex')
const registers = ['48bf', '48be', '48ba', '49ba', '49b8', '49b9'].map(hex)
/** An instruction that loads a number of 64 bits. */
function immediate(opcode: Buffer, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return Buffer.concat([opcode, bytes])
}
/** In the first argument's place: what the first call gave, which is kept in r15. */
const first = Symbol('first')
type Call = readonly [number: number, ...args: (number | string | Buffer | typeof first)[]]

/** An address of IPv4 and a port as the kernel has them (struct sockaddr_in). */
function place(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(2)
  bytes.writeUInt16BE(port, 2)
  Buffer.from(host.split('.').map(Number)).copy(bytes, 4)
  return bytes
}

/** One system call. 'through' where the kernel says no error, else the error's number. */
const systemCall = (...call: Call): string => systemCalls([call])

/**
 * System calls of Linux on x86-64, one after the other, as a program of its own: Node offers none of these. Texts and bytes are
 * passed by address. 'through' where the kernel says no error, else the first error's number. `said`: where in the last one's
 * second argument the kernel writes an error's number besides, negated.
 */
function systemCalls(calls: readonly Call[], said?: number): string {
  const base = 0x40_00_78
  // What follows is passed over unless rax is negative: exit(-rax).
  const unlessWell = hex('4885c0790d4889c748f7dfb83c0000000f05')
  const code: Buffer[] = []
  const texts: { bytes: Buffer; at: number }[] = []
  let last = 0
  // Texts stand behind a page of code, which is always enough.
  let at = base + 0x10_00
  for (const [index, [number, ...args]] of calls.entries()) {
    for (const [position, arg] of args.entries()) {
      const register = registers[position] as Buffer
      if (typeof arg === 'number') code.push(immediate(register, arg))
      else if (typeof arg === 'symbol') code.push(hex('4c89ff'))
      else {
        const bytes = Buffer.concat([Buffer.from(arg), Buffer.alloc(1)])
        texts.push({ bytes, at })
        code.push(immediate(register, at))
        if (position === 1) last = at
        at += bytes.length
      }
    }
    code.push(immediate(hex('48b8'), number), hex('0f05'), unlessWell)
    if (index === 0) code.push(hex('4989c7'))
  }
  if (said === undefined) code.push(hex('31ff'))
  else {
    const where = Buffer.alloc(4)
    where.writeInt32LE(last + said)
    code.push(hex('8b3c25'), where, hex('f7df'))
  }
  code.push(hex('b83c0000000f05'))
  const program = Buffer.alloc(at - base)
  Buffer.concat(code).copy(program)
  for (const { bytes, at: where } of texts) bytes.copy(program, where - base)
  const header = Buffer.alloc(120)
  header.write('7f454c46020101', 'hex')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(62, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigInt64LE(BigInt(base), 24)
  header.writeBigInt64LE(64n, 32)
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(1, 56)
  header.writeUInt32LE(1, 64)
  header.writeUInt32LE(7, 68)
  header.writeBigInt64LE(0x40_00_00n, 80)
  header.writeBigInt64LE(0x40_00_00n, 88)
  header.writeBigInt64LE(BigInt(120 + program.length), 96)
  header.writeBigInt64LE(BigInt(120 + program.length), 104)
  header.writeBigInt64LE(0x10_00n, 112)
  const file = `/tmp/calls-${Math.random().toString(36).slice(2)}`
  writeFileSync(file, Buffer.concat([header, program]), { mode: 0o755 })
  return exit(file)
}

/** How a program ended: 'through' for 0. */
function exit(file: string, ...args: string[]): string {
  try {
    execFileSync(file, args, { stdio: 'ignore', timeout: 10_000 })
    return 'through'
  } catch (error) {
    const { status, signal } = error as { status?: number | null; signal?: string | null }
    return `ended with ${status ?? signal ?? String(error)}`
  }
}

/** 'through' where somebody listens at a socket that is no file (unix(7)); else how it failed. */
async function abstract(name: string): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect(`\0${name}`, () => {
      socket.destroy()
      resolve('through')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

const ofProcess = (pid: string, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8')

/** What can be read of one file of each process of another program that this one sees. */
function ofOthers(file: string): string[] {
  const mine = ofProcess('self', 'cmdline')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return ofProcess(pid, 'cmdline') === mine ? [] : [ofProcess(pid, file)]
      } catch {
        return []
      }
    })
}

const tools = {
  dial,
  datagram,
  resolves,
  hello,
  noKey,
  extension,
  under,
  systemCall,
  systemCalls,
  first,
  place,
  exit,
  own,
  abstract,
  ofOthers,
  process,
  readFileSync,
  writeFileSync,
}

async function once(run: string, targets: Targets): Promise<string> {
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...given: unknown[]) => Promise<unknown>
  try {
    return String(await new AsyncFunction('to', ...Object.keys(tools), run)(targets, ...Object.values(tools)))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

async function tried({ run, patience }: Given, targets: Targets): Promise<string> {
  let got = await once(run, targets)
  if (patience === undefined) return got
  for (let round = 1, shut = got === 'through' ? 0 : 1; round < rounds && shut < enough; round += 1) {
    await pause(1_000)
    got = await once(run, targets)
    shut = got === 'through' ? 0 : shut + 1
  }
  return got
}

/** What others try to reach in this pod: so that "refused" is never "nobody there". */
function listen(): void {
  // The last are the sidecar's: only where there is none these are heard.
  for (const port of [80, 443, 5_432, 8_080, 8_082, 9_000, 15_080, 15_021, 15_443]) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes(noKey)) socket.write(retryRequest())
        else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nrecords')
      })
    })
    server.on('error', () => undefined)
    server.listen(port, '::')
  }
  for (const port of [53, 8_083])
    for (const socket of [createSocket('udp4'), createSocket({ type: 'udp6', ipv6Only: true })]) {
      socket.on('error', () => undefined)
      socket.on('message', (_, from) => socket.send('records', from.port, from.address))
      socket.bind(port)
    }
  // The address that no status tells: whoever is on the same link may use it.
  say({ linkLocal: addresses('IPv6').find(isLinkLocal) ?? '' })
}

const given = (read('attempts.json') as Given[]).filter(({ by }) => by === role)
const targets = read('targets.json') as Targets
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const answer = async (attempt: Given) => say({ id: attempt.id, got: await tried(attempt, targets) })

if (role !== 'Outside') listen()
// Those that change the process itself, one after the other; those that wait for the network at once.
for (const attempt of given) if (attempt.patience === undefined) await answer(attempt)
await Promise.all(given.filter(({ patience }) => patience !== undefined).map(answer))
say({ done: true })

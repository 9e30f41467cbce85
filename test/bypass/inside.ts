// A program for one side of a real connection, run inside a network namespace as some user: it listens, connects or
// sends, and prints one JSON value a line.

import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'

const [what, host = '', portText = '0', extra = ''] = process.argv.slice(2)
const port = Number(portText)
const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const patience = 1_500
const last = (value: object) => {
  say(value)
  process.exit(0)
}

/** Greets every connection with a name; `<name>*<bytes>` adds that many and dies when the kernel has taken them. */
function listen(): void {
  const [name = '', bytes] = extra.split('*')
  const server = createServer((socket) => {
    say({ from: socket.remoteAddress, to: socket.localAddress })
    socket.on('error', () => socket.destroy())
    if (bytes === undefined) socket.end(name)
    else socket.write(name + '.'.repeat(Number(bytes)), () => process.exit(0))
  })
  server.on('error', (error) => say({ says: (error as NodeJS.ErrnoException).code }))
  server.listen(port, host, () => say({ says: 'listening' }))
}

/** Connects and reads to the end; with `extra`, begins to read only after so many milliseconds. */
function dial(): void {
  const socket = reading({})
  if (extra === '') return
  socket.pause()
  setTimeout(() => socket.resume(), Number(extra))
}

/** Connects from a port of one's choice, says what stands after it in `extra`, and reads to the end. */
function call(): void {
  const [from, words = ''] = extra.split(' ')
  reading({ localPort: Number(from) }).write(words)
}

function reading(from: { localPort?: number }): Socket {
  const began = performance.now()
  let got = ''
  const socket = connect({ host, port, ...from })
  const ends = (says: string) => {
    say({
      says,
      got: got.slice(0, 40),
      bytes: got.length,
      milliseconds: Math.round(performance.now() - began),
    })
    process.exit(0)
  }
  socket.setTimeout(patience, () => ends('silence'))
  socket.on('data', (chunk) => (got += chunk.toString()))
  socket.on('end', () => ends('answered'))
  socket.on('error', (error: NodeJS.ErrnoException) => ends(error.code ?? error.message))
  return socket
}

function answer(): void {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (_, from) => {
    say({ from: from.address })
    socket.send(extra, from.port, from.address)
  })
  socket.bind(port, host, () => say({ says: 'listening' }))
}

/** Sends one datagram, from a port of one's choice if `extra` says so, and tells from where the answer came. */
function send(): void {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', (error: NodeJS.ErrnoException) => last({ says: error.code }))
  socket.on('message', (message, from) =>
    last({ says: 'answered', got: message.toString(), from: `${from.address}:${from.port}` }),
  )
  socket.bind(Number(extra), () => {
    socket.send('hello', port, host, (error) => {
      if (error) last({ says: (error as NodeJS.ErrnoException).code })
    })
    setTimeout(() => last({ says: 'silence' }), patience)
  })
}

const roles: { readonly [what: string]: () => void } = { listen, dial, call, answer, send }
roles[what ?? '']?.()

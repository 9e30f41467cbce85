// What an app does: exchanges over TLS of its own or plain, over kept connections or a new one each, or questions to the resolver.
// `egress-load.ts CONFIG`. Says `warm`, then `done` with what it did since, each a line of JSON. And the upstream: `… upstream`.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer, connect as tlsConnect } from 'node:tls'
import { encode } from 'dns-packet'

export type Load = {
  how: 'tls' | 'plain' | 'connections' | 'dns'
  /** Where the app connects for each name. */
  places: { name: string; address: string; port: number }[]
  ca: string
  seconds: number
  warm: number
}
export type Did = { says: 'done'; count: number; seconds: number }

const request = Buffer.alloc(600, 'q')
const answer = Buffer.alloc(4_096, 'a')
const atOnce = 32
/** What a process takes until its code is compiled for good: before that it says nothing of what comes after. */
const warmAfter: { [how in Load['how']]: number } = {
  tls: 8_000,
  plain: 8_000,
  connections: 1_500,
  dns: 8_000,
}

/** Answers every 600 bytes with 4,096, over TLS; says its port. */
async function upstream(pair: { cert: string; key: string }): Promise<void> {
  const server = createServer({ ...pair, minVersion: 'TLSv1.3', noDelay: true }, (socket) => {
    let held = 0
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      for (held += chunk.length; held >= request.length; held -= request.length) socket.write(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log(JSON.stringify((server.address() as AddressInfo).port))
}

async function exchange(socket: Socket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size < answer.length) return
      socket.off('data', onData).off('close', onClose)
      resolve()
    }
    const onClose = (): void => reject(new Error('The connection was closed during an exchange'))
    socket.on('data', onData).once('close', onClose)
    socket.write(request)
  })
}

async function opened({ how, places, ca }: Load, at: number): Promise<Socket> {
  const { name, address, port } = places[at % places.length] as Load['places'][number]
  const plain = connect({ host: address, port, noDelay: true })
  plain.on('error', () => undefined)
  if (how === 'plain') {
    await once(plain, 'connect')
    return plain
  }
  // No session is taken up again: each handshake is a whole one.
  const secure = tlsConnect({ socket: plain, servername: name, ca })
  await once(secure, 'secureConnect')
  secure.on('error', () => undefined)
  return secure
}

/** Goes on until told to stop; `counted` is called for each exchange. */
async function apps(load: Load, counted: () => void, over: () => boolean): Promise<void> {
  await Promise.all(
    Array.from({ length: atOnce }, async (_, first) => {
      let at = first
      let socket: Socket | undefined
      while (!over()) {
        socket ??= await opened(load, at)
        await exchange(socket)
        counted()
        if (load.how !== 'connections') continue
        socket.destroy()
        socket = undefined
        at += atOnce
      }
      socket?.destroy()
    }),
  )
}

/** As many questions as are unanswered at once; one that is lost is asked again after a while. */
async function questions({ places }: Load, counted: () => void, over: () => boolean): Promise<void> {
  const socket = createSocket('udp4')
  const packets = places.map(({ name }, id) =>
    encode({ id, type: 'query', flags: 256, questions: [{ name, type: 'A', class: 'IN' }], answers: [] }),
  )
  const [{ address, port } = { address: '', port: 0 }] = places
  let at = 0
  let last = performance.now()
  const ask = (): void => socket.send(packets[at++ % packets.length] as Buffer, port, address)
  socket.on('message', (bytes) => {
    // An answer with one address in it.
    if (bytes.readUInt16BE(6) !== 1) throw new Error('The resolver did not answer with an address')
    last = performance.now()
    counted()
    ask()
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  for (let open = 0; open < 64; open += 1) ask()
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (performance.now() - last > 200) for (let open = 0; open < 64; open += 1) ask()
  }
  socket.close()
}

async function load(work: Load): Promise<void> {
  let count = 0
  let ended = false
  const going = (work.how === 'dns' ? questions : apps)(
    work,
    () => (count += 1),
    () => ended,
  )
  /** So long, and on a machine that is busy with others until there were enough, or a minute is over. */
  const goOn = async (seconds: number, enough: number): Promise<void> => {
    const [began, before] = [performance.now(), count]
    const over = (): boolean => {
      const took = (performance.now() - began) / 1_000
      return took >= seconds && (count - before >= enough || took >= 60)
    }
    while (!over()) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await goOn(work.warm, warmAfter[work.how])
  console.log(JSON.stringify({ says: 'warm' }))
  const [began, before] = [performance.now(), count]
  await Promise.race([going, goOn(work.seconds, warmAfter[work.how])])
  const did: Did = { says: 'done', count: count - before, seconds: (performance.now() - began) / 1_000 }
  console.log(JSON.stringify(did))
  ended = true
  await going
  process.exit(0)
}

const [file = '', role] = process.argv.slice(2)
const config = JSON.parse(readFileSync(file, 'utf8')) as Load
if (role === 'upstream') await upstream(config as unknown as { cert: string; key: string })
else await load(config)

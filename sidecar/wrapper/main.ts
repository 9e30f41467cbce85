// Runs a stdio server in the app's own container, in place of its command: `main.ts SOCKET -- COMMAND [ARGUMENT…]`. It
// imports but one file that imports nothing, because both are copied there (install.ts). It is the app's process, and trusted no further
// than the app: what comes out of its socket is judged in the sidecar. What it does for a server that is merely careless:
// nothing that the server writes gets into the container's log, for that leaves the pod by `kubectl logs`.

import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { constants } from 'node:os'
import { logFindingKinds, logIdentifiers, type Tally } from '../../core/log-identifiers.ts'

/** The sidecar is up before the app starts; it may just be starting anew. */
const connectTries = 300
const connectPause = 200
/** From the end of its input until a server is told to end, and from there until it is killed, milliseconds (MCP, stdio, Shutdown). */
const closeTime = 5_000
const endTime = 5_000
/** Its last answers may still be on their way when a server has ended, if something of it holds its output open. */
const flushTime = 1_000
const reportTime = 60_000
/** The first finding of a process is not kept that long. */
const firstReportTime = 2_000
/** Of what is thrown away so much is searched for identifiers between two reports, bytes; and so much of a last line waits for its end. */
const searched = 65_536
const carried = 256

/** Exit code when the sidecar went away: whoever comes next gets a process that knows nothing of what was before. */
const sidecarGone = 70
const cannotRun = 126
const notFound = 127

const usage = 2

function say(level: 'info' | 'error', message: string, fields: object = {}): void {
  const line = { level, time: new Date().toISOString(), program: 'wrapper', ...fields, msg: message }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}

async function reach(path: string): Promise<Socket | undefined> {
  for (let tries = 0; tries < connectTries; tries += 1) {
    const socket = connect(path)
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (open) return socket
    await new Promise((resolve) => setTimeout(resolve, connectPause))
  }
  return undefined
}

/** Runs the server until it or the sidecar ends. Resolves to the exit code. */
async function run(socket: Socket, command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const { stdin, stdout, stderr } = child
  // Both ways with backpressure: whoever does not read makes the other wait.
  socket.pipe(stdin)
  stdout.pipe(socket, { end: false })
  stdin.on('error', () => undefined)
  socket.on('error', () => undefined)

  // Held to be PHI until proved otherwise: how much it was is told, identifiers of which kinds, and nothing else.
  const dropped = { lines: 0, bytes: 0 }
  let told = 0
  let identifiers: Tally = {}
  let budget = searched
  let rest = ''
  let first: NodeJS.Timeout | undefined
  const search = (lines: string): void => {
    const found = logIdentifiers(lines)
    for (const kind of logFindingKinds)
      if (found[kind] !== undefined) {
        identifiers[kind] = (identifiers[kind] ?? 0) + found[kind]
        first ??= setTimeout(report, firstReportTime)
      }
  }
  stderr.on('data', (chunk: Buffer) => {
    dropped.bytes += chunk.length
    if (budget > 0) {
      const text = rest + chunk.subarray(0, budget).toString()
      budget -= chunk.length
      // A line that goes on in the next chunk waits for it, unless it is long.
      const end = text.length - text.lastIndexOf('\n') > carried ? text.length : text.lastIndexOf('\n') + 1
      search(text.slice(0, end))
      rest = text.slice(end)
    }
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) dropped.lines += 1
  })
  const report = (): void => {
    if (dropped.bytes === told) return
    told = dropped.bytes
    search(rest)
    rest = ''
    say('info', 'Standard error of the server was thrown away', { ...dropped, identifiers })
    identifiers = {}
    budget = searched
  }
  const reporting = setInterval(report, reportTime)

  let lost = false
  let stopping = false
  const timers: NodeJS.Timeout[] = []
  const stop = (): void => {
    if (stopping) return
    stopping = true
    socket.unpipe(stdin)
    stdin.end()
    timers.push(setTimeout(() => child.kill('SIGTERM'), closeTime))
    timers.push(setTimeout(() => child.kill('SIGKILL'), closeTime + endTime))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  socket.once('close', () => {
    lost = !stopping
    stop()
  })

  const code = await new Promise<number>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      say('error', 'The server’s command cannot be started: is it in the image, and may its user run it?', {
        error: error.code ?? error.name,
      })
      resolve(error.code === 'ENOENT' ? notFound : cannotRun)
    })
    child.once('exit', (exit, signal) => {
      const ended = signal === null ? (exit ?? 0) : 128 + constants.signals[signal]
      const flushed = setTimeout(() => resolve(ended), flushTime)
      child.once('close', () => {
        clearTimeout(flushed)
        resolve(ended)
      })
    })
  })
  for (const timer of timers) clearTimeout(timer)
  clearInterval(reporting)
  clearTimeout(first)
  report()
  const outcome = lost ? sidecarGone : code
  stopping = true
  say('info', lost ? 'The sidecar went away, so the server was ended' : 'The server ended', { code })
  // Its last answers leave before this process does.
  if (!socket.destroyed) {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, flushTime)
      socket.once('close', () => {
        clearTimeout(late)
        resolve()
      })
      socket.resume()
      socket.end()
    })
  }
  return outcome
}

const [path, dashes, command, ...args] = process.argv.slice(2)
if (path === undefined || dashes !== '--' || command === undefined) {
  say('error', 'usage: main.ts SOCKET -- COMMAND [ARGUMENT…]')
  process.exit(usage)
}
const socket = await reach(path)
if (socket === undefined) {
  say('error', 'The sidecar’s socket takes no connection: look at the log of the container hipaa-mcp')
  process.exit(sidecarGone)
}
say('info', 'The server starts')
process.exit(await run(socket, command, args))

// A clinician's machine: `hipaa-mcp connect` as a host starts it, a browser beside it, and what stays on its disk.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { aBrowser, type Browser } from './browser.ts'

/** Whoever opens addresses. */
type Opens = { open(url: string): Promise<unknown>; device(url: string, code: string): Promise<unknown> }

export type Machine = {
  browser: Browser
  /** Another person, or the same at another browser; closed with the machine. */
  person: (more?: Partial<Parameters<typeof aBrowser>[0]>) => Browser
  /** A new folder for what `connect` keeps. */
  folder: () => string
  /** Command and arguments as a host has them. */
  command: (state: string, ...more: string[]) => { command: string; args: string[] }
  /** What a process wrote to standard error; each address of a login in it is opened, unless the test says otherwise. */
  watch: (stderr: Readable, person?: Opens | null) => { text: () => string }
  /** Runs to its end; a login in the browser on the way. */
  ran: (
    state: string,
    person: Opens | null,
    ...more: string[]
  ) => Promise<{ code: number; out: string; notes: string }>
  end: () => Promise<void>
}

const root = join(import.meta.dirname, '../..')

/** `/etc/hosts` of this process and what it starts is the file; everybody else's stays as it is. */
const withHosts = ['--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"']

export function aMachine(options: {
  /** Where MCP is spoken. */
  url: string
  /** For `--discovery`. */
  discovery: string
  /** CAs, PEM: of the server, and of the provider. */
  ca: { server: string; provider: string }
  /** Addresses of names that no resolver knows; needs root, for a set of mounts of its own. */
  hosts?: { readonly [name: string]: string }
}): Machine {
  const { url, discovery, ca, hosts } = options
  const folders: string[] = []
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'hipaa-mcp-connect-'))
    folders.push(made)
    return made
  }
  const files = folder()
  const cas = join(files, 'ca.crt')
  writeFileSync(cas, `${ca.server}${ca.provider}`)
  const names = join(files, 'hosts')
  const lines = Object.entries(hosts ?? {}).map(([name, address]) => `${address} ${name}\n`)
  writeFileSync(names, ['127.0.0.1 localhost\n', ...lines].join(''))
  const browsers: Browser[] = []
  const person: Machine['person'] = (more = {}) => {
    const known = hosts === undefined ? {} : { hosts }
    const made = aBrowser({ person: 'clinician', ca: ca.provider, ...known, ...more })
    browsers.push(made)
    return made
  }
  const browser = person()

  const machine: Machine = {
    browser,
    person,
    folder,
    command(state, ...more) {
      const settings = { discovery, ca: cas, state }
      const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
      const connect = [join(root, 'cli/main.ts'), 'connect', url, ...options, '--no-browser', ...more]
      return hosts === undefined
        ? { command: process.execPath, args: connect }
        : { command: 'unshare', args: [...withHosts, names, process.execPath, ...connect] }
    },
    watch(stderr, who: Opens | null = browser) {
      let heard = ''
      const opened = new Set<string>()
      stderr.on('data', (chunk: Buffer) => {
        heard += String(chunk)
        for (const [, address = ''] of heard.matchAll(/Log in with your browser: (\S+)\n/g)) {
          if (opened.has(address) || who === null) continue
          opened.add(address)
          who.open(address).catch((error: unknown) => (heard += `BROWSER ${String(error)}\n`))
        }
        for (const [, at = '', code = ''] of heard.matchAll(/open (\S+) and type (\S+)\n/g)) {
          if (opened.has(code) || who === null) continue
          opened.add(code)
          who.device(at, code).catch((error: unknown) => (heard += `BROWSER ${String(error)}\n`))
        }
      })
      return { text: () => heard }
    },
    async ran(state, who, ...more) {
      const { command, args } = machine.command(state, ...more)
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
      const heard = machine.watch(child.stderr, who)
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => (out += String(chunk)))
      const [code] = (await once(child, 'close')) as [number]
      return { code, out, notes: heard.text() }
    },
    async end() {
      await Promise.all(browsers.map(async (one) => await one.close()))
      for (const made of folders) rmSync(made, { recursive: true, force: true })
    },
  }
  return machine
}

/** Everything that stands in the files of a folder. */
export function filesIn(folder: string): { name: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({
      name: entry.name,
      text: readFileSync(join(entry.parentPath, entry.name), 'utf8'),
    }))
}

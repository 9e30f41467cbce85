// A pod's network and its outside, as two real network namespaces joined by a veth pair, with programs of any user in
// them. No kubelet: the guard's own program sets and proves the filter in it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

const root = join(import.meta.dirname, '..', '..')
const mark = 'hmcp-guard-'

export const addresses = {
  pod: '10.213.7.2',
  outside: '10.213.7.1',
  pod6: 'fd13:7::2',
  outside6: 'fd13:7::1',
  /** TEST-NET-1: answered by the outside, so that reaching it shows. */
  foreign: '192.0.2.1',
  /** Of the documentation prefix, likewise. */
  foreign6: '2001:db8:7::1',
} as const

export type Said = {
  says?: string
  got?: string
  bytes?: number
  milliseconds?: number
  from?: string
  to?: string
  note?: object
}
export type Side = 'pod' | 'outside'
/** `gid` is `uid` unless given. `caps` for setpriv, `-all` unless given. */
export type User = { uid: number; gid?: number; caps?: string }
/**
 * `programs`: files of this checkout that run there too. `resolvConf`: /etc/resolv.conf of the pod; else the machine's.
 * `without`: a family of which the pod has no address but those of loopback and the link.
 */
export type PodOptions = { programs?: readonly string[]; resolvConf?: string; without?: 'IPv4' | 'IPv6' }
export type Ended = { status: number | null; stdout: string; stderr: string }

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()

/** Network namespaces of runs that were killed: their names hold the process that made them. */
function sweep(): void {
  for (const name of existsSync('/run/netns') ? readdirSync('/run/netns') : []) {
    const [, pid] = /^hmcp-guard-(\d+)-/.exec(name) ?? []
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNamespace(name)
  }
}

/** Where `ip netns exec` finds the files that it puts over those of /etc. */
const etcOf = (name: string): string => join('/etc/netns', name)

function removeNamespace(name: string): void {
  ip('netns', 'del', name)
  rmSync(etcOf(name), { recursive: true, force: true })
}

export class PodNetwork {
  readonly #names: { [side in Side]: string }
  readonly #children = new Set<ChildProcess>()

  /** Where its programs lie. Every user reads it. */
  readonly stage: string

  constructor({ programs = [], resolvConf, without }: PodOptions = {}) {
    sweep()
    const id = randomBytes(3).toString('hex')
    this.#names = { pod: `${mark}${process.pid}-${id}-p`, outside: `${mark}${process.pid}-${id}-o` }
    this.stage = stage(programs)
    const { pod, outside } = this.#names
    if (resolvConf !== undefined) {
      mkdirSync(etcOf(pod), { recursive: true })
      writeFileSync(join(etcOf(pod), 'resolv.conf'), resolvConf)
    }
    ip('netns', 'add', pod)
    ip('netns', 'add', outside)
    ip('-n', pod, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside)
    for (const name of [pod, outside]) {
      ip('-n', name, 'link', 'set', 'lo', 'up')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
    }
    if (without !== 'IPv4') ip('-n', pod, 'addr', 'add', `${addresses.pod}/24`, 'dev', 'eth0')
    ip('-n', outside, 'addr', 'add', `${addresses.outside}/24`, 'dev', 'eth0')
    ip('-n', outside, 'addr', 'add', `${addresses.foreign}/32`, 'dev', 'lo')
    ip('-n', outside, 'addr', 'add', `${addresses.foreign6}/128`, 'dev', 'lo')
    if (without !== 'IPv4') ip('-n', pod, 'route', 'add', 'default', 'via', addresses.outside)
    if (without !== 'IPv6') ip('-n', pod, 'addr', 'add', `${addresses.pod6}/64`, 'dev', 'eth0', 'nodad')
    ip('-n', outside, 'addr', 'add', `${addresses.outside6}/64`, 'dev', 'eth0', 'nodad')
    if (without !== 'IPv6') ip('-n', pod, 'route', 'add', 'default', 'via', addresses.outside6)
  }

  #inside(side: Side, user: User, program: readonly string[]): string[] {
    const { uid, gid = uid, caps = '-all' } = user
    const as = ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', '--no-new-privs']
    return [
      'netns',
      'exec',
      this.#names[side],
      ...as,
      `--bounding-set=${caps}`,
      '--inh-caps=-all',
      ...program,
    ]
  }

  /** Path of the pod's network namespace. */
  get netns(): string {
    return join('/run/netns', this.#names.pod)
  }

  /** Runs a program to its end. */
  async run(side: Side, user: User, program: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const child = spawn('ip', this.#inside(side, user, program), {
      cwd: this.stage,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    this.#children.delete(child)
    return { status: child.exitCode, stdout, stderr }
  }

  /** The guard's own program. `set check` runs as in a pod: root, and these capabilities alone. */
  async guard(
    steps: 'set' | 'check' | 'set check',
    user?: User,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Ended> {
    const as: User =
      steps === 'check' ? { uid: 64_103 } : { uid: 0, caps: '-all,+net_admin,+net_raw,+setgid,+setuid' }
    return await this.run(
      'pod',
      user ?? as,
      [join(this.stage, 'node'), join(this.stage, 'sidecar', 'guard.ts'), ...steps.split(' ')],
      {
        HIPAA_MCP_UPSTREAM_PORT: '8080',
        HIPAA_MCP_DNS: addresses.outside,
        ...env,
      },
    )
  }

  /** Changes the filter or the routes of the pod as root, to plant a bug. */
  plant(program: `ip${'' | '6'}tables-${'nft' | 'legacy'}` | 'ip', rule: string): void {
    execFileSync('ip', ['netns', 'exec', this.#names.pod, program, ...rule.split(' ')])
  }

  #program(role: string, host: string, port: number, extra: string): string[] {
    return [
      join(this.stage, 'node'),
      join(this.stage, 'test', 'bypass', 'inside.ts'),
      role,
      host,
      String(port),
      extra,
    ]
  }

  /** One connection or datagram, and what came of it. */
  async ask(
    side: Side,
    user: User,
    role: 'dial' | 'call' | 'send',
    host: string,
    port: number,
    extra = '',
  ): Promise<Said> {
    const { stdout, stderr } = await this.run(side, user, this.#program(role, host, port, extra))
    if (stdout === '') throw new Error(`${role} ${host} said nothing: ${stderr}`)
    return JSON.parse(stdout) as Said
  }

  /** A listener that stays. Resolves when it listens; `heard` fills with what it saw. */
  async serve(side: Side, user: User, role: 'listen' | 'answer', host: string, port: number, extra: string) {
    return await this.start(side, user, this.#program(role, host, port, extra))
  }

  /** One of the programs of egress-inside.ts, with its configuration in a file that every user may read. */
  egressProgram(role: 'world' | 'sidecar' | 'app' | 'byName', config: object): string[] {
    const file = join(this.stage, `${role}.json`)
    writeFileSync(file, JSON.stringify(config), { mode: 0o644 })
    return [join(this.stage, 'node'), join(this.stage, 'test', 'bypass', 'egress-inside.ts'), role, file]
  }

  /** A program that stays and says when it listens. `heard` fills with all else that it says. */
  async start(side: Side, user: User, program: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn('ip', this.#inside(side, user, program), {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: this.stage,
      env: { ...process.env, ...env },
    })
    this.#children.add(child)
    const gone = new Promise<void>((resolve) => {
      child.once('exit', () => {
        this.#children.delete(child)
        resolve()
      })
    })
    const heard: Said[] = []
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${program.join(' ')} ended with ${code}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = JSON.parse(line) as Said
        if (said.says === 'listening') resolve()
        else if (said.says === undefined) heard.push(said)
        else reject(new Error(`${program.join(' ')}: ${said.says}`))
      })
    })
    return {
      heard,
      tell: (line: string) => child.stdin.write(`${line}\n`),
      stop: async () => {
        child.kill('SIGKILL')
        await gone
      },
    }
  }

  /** The address that an interface has on its link, whatever families the pod has. */
  async linkLocal(side: Side): Promise<string> {
    for (let turn = 0; turn < 100; turn += 1) {
      const [link] = JSON.parse(
        ip('-n', this.#names[side], '-6', '-json', 'addr', 'show', 'dev', 'eth0', 'scope', 'link'),
      ) as { addr_info?: { local?: string; tentative?: true }[] }[]
      const found = link?.addr_info?.find(({ local, tentative }) => local !== undefined && tentative !== true)
      if (found?.local !== undefined) return found.local
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`${side} got no address on its link`)
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const name of Object.values(this.#names)) removeNamespace(name)
    rmSync(this.stage, { recursive: true, force: true })
  }
}

/** Node and the programs where any user can read them, whatever the rights of this checkout. */
function stage(programs: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipaa-mcp-guard-'))
  cpSync(process.execPath, join(folder, 'node'), { dereference: true })
  for (const file of [
    'sidecar/guard.ts',
    'sidecar/guard',
    'sidecar/egress',
    'core',
    'test/bypass',
    'test/support/egress-orders.ts',
    'node_modules/dns-packet',
    'node_modules/@leichtgewicht',
    ...programs,
  ]) {
    cpSync(join(root, file), join(folder, file), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  execFileSync('chmod', ['-R', 'a+rX', folder])
  return folder
}

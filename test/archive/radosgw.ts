// A real S3 server with Object Lock: Ceph's gateway over one monitor and one object daemon that keeps all in memory, with
// TLS, on loopback, in a folder of its own. No manager, no keyring of the machine. Ends with whoever started it, and by
// itself after a quarter of an hour.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Certificate } from '../collector/peers.ts'
import { freePort } from '../support/free-port.ts'

const run = promisify(execFile)

async function tool(program: string, ...args: string[]): Promise<void> {
  await run(program, args, { timeout: 30_000 })
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  await signalTo(child, 'SIGKILL')
  await gone
}

/** Seconds after which every process of it ends whatever happens. */
const longest = '900'
const libraries = `/usr/lib/${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch as string]}-linux-gnu`

export type S3User = { name: string; accessKeyId: string; secretAccessKey: string }

export type Radosgw = {
  endpoint: string
  port: number
  /** Makes a user of its own account. */
  user: (name: string) => Promise<S3User>
  /** Kills the gateway. What was stored stays. */
  kill: () => Promise<void>
  /** Starts it again on the same port. */
  start: () => Promise<void>
  /** Takes connections and answers nothing, until `resume`. */
  pause: () => void
  resume: () => void
  remove: () => Promise<void>
}

/** Resolves when it answers. `ca`, PEM: of its certificate, which names localhost. Packages: radosgw, ceph-mon, ceph-osd, ceph-common (test/setup.sh installs them). */
export async function aRadosgw(certificate: Certificate, ca: string): Promise<Radosgw> {
  const folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-s3-'))
  const file = (name: string): string => join(folder, name)
  const [monitor, port] = [await freePort(), await freePort()]
  const [fsid, osd] = [randomUUID(), randomUUID()]
  await writeFile(file('tls.pem'), certificate.cert)
  await writeFile(file('tls.key'), certificate.key)
  await writeFile(file('ceph.conf'), configuration({ folder, fsid, monitor, port }))
  for (const name of ['mon', 'osd', 'rgw']) await mkdir(file(name))

  const children: ChildProcess[] = []
  const own = ['-c', file('ceph.conf')]
  const daemon = (program: string, ...args: string[]): ChildProcess => {
    const command = ['--kill-after=5', longest, program, ...own, ...args, '--foreground']
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'timeout', ...command], { stdio: 'ignore' })
    children.push(child)
    return child
  }
  let gateway: ChildProcess | undefined
  const start = async (): Promise<void> => {
    gateway = daemon('radosgw', '-n', 'client.admin')
    await untilAnswers(port, ca, gateway, file('client.admin.log'))
  }
  const remove = async (): Promise<void> => {
    await Promise.all(children.map(killed))
    await rm(folder, { recursive: true, force: true })
  }

  try {
    const key = async (name: string, ...caps: string[]): Promise<void> =>
      await tool(
        'ceph-authtool',
        file('keyring'),
        ...(existsSync(file('keyring')) ? [] : ['--create-keyring']),
        '--gen-key',
        '-n',
        name,
        ...caps.flatMap((cap) => ['--cap', ...(cap.split('=') as [string, string])]),
      )
    await key('mon.', 'mon=allow *')
    await key('client.admin', 'mon=allow *', 'osd=allow *')
    await key('osd.0', 'mon=allow profile osd', 'osd=allow *')
    const address = `[v2:127.0.0.1:${monitor}]`
    await tool('monmaptool', '--create', '--addv', 'a', address, '--fsid', fsid, file('monmap'))
    await tool(
      'ceph-mon',
      ...own,
      '--mkfs',
      '-i',
      'a',
      '--monmap',
      file('monmap'),
      '--keyring',
      file('keyring'),
    )
    daemon('ceph-mon', '-i', 'a')
    await tool('ceph', ...own, 'osd', 'new', osd)
    await tool('ceph-osd', ...own, '-i', '0', '--mkfs', '--osd-uuid', osd)
    daemon('ceph-osd', '-i', '0')
    await start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    endpoint: `https://localhost:${port}`,
    port,
    user: async (name) => {
      const user = { name, accessKeyId: `AK${randomUUID().slice(0, 8)}`, secretAccessKey: randomUUID() }
      const keys = ['--access-key', user.accessKeyId, '--secret-key', user.secretAccessKey]
      await tool('radosgw-admin', ...own, 'user', 'create', '--uid', name, '--display-name', name, ...keys)
      return user
    },
    kill: async () => await killed(gateway),
    start,
    pause: () => void signalTo(gateway, 'SIGSTOP'),
    resume: () => void signalTo(gateway, 'SIGCONT'),
    remove,
  }
}

/** To the program itself: `timeout` stands between, and SIGKILL or SIGSTOP to it would not reach the program. */
async function signalTo(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  const pid = child?.pid
  if (pid === undefined) return
  const below = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim()
  const targets = below === '' ? [pid] : below.split(' ').map(Number)
  for (const target of targets) {
    try {
      process.kill(target, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

async function untilAnswers(port: number, ca: string, child: ChildProcess, log: string): Promise<void> {
  const end = performance.now() + 60_000
  while (!(await answers(port, ca))) {
    if (child.exitCode !== null || performance.now() > end)
      throw new Error(
        `radosgw does not answer:\n${(await readFile(log, 'utf8').catch(() => '')).slice(-2000)}`,
      )
    await sleep(50)
  }
}

async function answers(port: number, ca: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const asked = request({ host: 'localhost', port, ca, agent: false, timeout: 2000 }, (response) => {
      response.resume()
      resolve(true)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.end()
  })
}

function configuration(at: { folder: string; fsid: string; monitor: number; port: number }): string {
  const { folder, fsid, monitor, port } = at
  return `[global]
fsid = ${fsid}
mon_initial_members = a
mon_host = v2:127.0.0.1:${monitor}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = ${folder}/keyring
run_dir = ${folder}
crash_dir = ${folder}
log_file = ${folder}/$name.log
admin_socket =
pid_file =
mon_data = ${folder}/mon
osd_data = ${folder}/osd
rgw_data = ${folder}/rgw
osd_class_dir = ${libraries}/rados-classes
plugin_dir = ${libraries}/ceph
erasure_code_dir = ${libraries}/ceph/erasure-code
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 1
mon_tick_interval = 1
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
rgw_frontends = beast ssl_endpoint=127.0.0.1:${port} ssl_certificate=${folder}/tls.pem ssl_private_key=${folder}/tls.key
rgw_run_sync_thread = false
rgw_rados_pool_pg_num_min = 1
`
}

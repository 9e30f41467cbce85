// A real registry on the node, Debian's docker-registry over TLS by a CA of its own: what a cluster of somebody's own
// pulls from, so that `CLUSTER=current` can be tried here too.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { exists } from '../../config/image/cache.ts'
import { unpacked } from '../../config/image/debian.ts'
import type { Log } from '../../config/image/progress.ts'
import { authority } from '../sample/certificates.ts'
import { inUrl } from './addresses.ts'
import { until } from './api.ts'
import { registriesOf } from './node.ts'
import { lastWords, startDaemon } from './processes.ts'
import type { Slot } from './slot.ts'

export type Registry = {
  /** `address:port`, the same for who pushes from this machine and for the node that pulls. */
  host: string
  /** Path of the PEM file of its CA, for NODE_EXTRA_CA_CERTS. The node trusts it already. */
  ca: string
}

const name = 'docker-registry'
const port = 5_000

/** The node's registry, started unless it runs. It ends with the node and its images with it. */
export async function registryOf(slot: Slot, log: Log): Promise<Registry> {
  const folder = join(slot.state, name)
  const host = `${inUrl(slot.nodeIP)}:${port}`
  const registry = { host, ca: join(folder, 'ca.crt') }
  if (await exists(join(slot.state, 'processes', name))) return registry
  // Unpacked, not installed: the package would start a registry that listens to everybody.
  const debian = await unpacked([name], log)
  const ca = await authority('Test registry CA')
  const own = await ca.issue(host, [slot.nodeIP])
  await mkdir(join(registriesOf(slot.state), host), { recursive: true })
  await mkdir(folder, { recursive: true })
  await writeFile(registry.ca, ca.cert)
  await writeFile(join(folder, 'tls.crt'), own.cert)
  await writeFile(join(folder, 'tls.key'), own.key, { mode: 0o600 })
  await writeFile(join(folder, 'config.yml'), config(folder, host))
  await writeFile(
    join(registriesOf(slot.state), host, 'hosts.toml'),
    `server = "https://${host}"\n[host."https://${host}"]\n  capabilities = ["pull", "resolve"]\n  ca = "${registry.ca}"\n`,
  )
  const program = join(debian.folder, 'usr', 'bin', name)
  await startDaemon(slot, { name, command: [program, 'serve', join(folder, 'config.yml')] })
  const agent = new Agent({ connect: { ca: ca.cert, timeout: 5_000 } })
  await until(
    'the registry answers',
    30,
    async () => (await request(`https://${host}/v2/`, { dispatcher: agent })).statusCode === 200,
    async () => await lastWords(slot.state, name),
  )
  await agent.destroy()
  return registry
}

const config = (folder: string, host: string): string =>
  JSON.stringify({
    version: 0.1,
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(folder, 'images') } },
    http: { addr: host, tls: { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') } },
  })

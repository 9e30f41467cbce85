// Egress beside nginx's `stream` on the same work, and the pod's resolver beside CoreDNS, each on a core of its own.
//
//   node test/bench/egress-rows.ts [seconds] [tls|plain|connections|dns …]

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Egress } from '../../core/policy.ts'
import { memoryFlags } from '../../operator/admission/sidecar-spec.ts'
import { components } from '../cluster/components.ts'
import { authority } from '../sample/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { quantile } from './comparison.ts'
import type { Did, Load } from './egress-load.ts'
import type { Config } from './egress-main.ts'
import { cores, cpuSeconds, type Started, start } from './process.ts'
import { markdown } from './table.ts'
import { tidying } from './tidying.ts'

const hows = ['tls', 'plain', 'connections', 'dns'] as const
type How = (typeof hows)[number]
/** Microseconds of processor time for each, and each in a second. */
type Figure = { microseconds: number; perSecond: number }
export type EgressFigures = { [how in How]?: { own: Figure; other: Figure } }

const rounds = 3
/** Names: a sidecar opens 600 connections to one in a minute. */
const names = Array.from({ length: 256 }, (_, at) => `host-${at}.vendor.example`)
const program = (file: string): string => join(import.meta.dirname, file)

/** Medians of three rounds, turn by turn. `folder` is removed by whoever gave it. */
export async function egressFigures(
  folder: string,
  seconds = 4,
  wanted: readonly How[] = hows,
): Promise<EgressFigures> {
  const vendors = await authority('vendors')
  const pair = await vendors.issue('vendor', ['*.vendor.example'])
  const written = async (name: string, content: string | object): Promise<string> => {
    const file = join(folder, name)
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }
  const ca = await written('vendors.pem', vendors.cert)
  const behind = start(cores.others, process.execPath, [
    program('egress-load.ts'),
    await written('upstream.json', pair),
    'upstream',
  ])
  const upstreamPort = JSON.parse(await behind.line()) as number

  /** One program under one load. */
  const measured = async (how: How, under: Started, places: Load['places']): Promise<Figure> => {
    const load: Load = { how, places, ca: vendors.cert, seconds, warm: Math.min(2, seconds) }
    const loading = start(cores.others, process.execPath, [
      program('egress-load.ts'),
      await written('load.json', load),
    ])
    await loading.line()
    const before = await cpuSeconds(under.pid)
    const { count, seconds: took } = JSON.parse(await loading.line()) as Did
    const used = (await cpuSeconds(under.pid)) - before
    await loading.stop()
    return { microseconds: (used / count) * 1e6, perSecond: count / took }
  }
  const measuredToEnd: typeof measured = async (how, under, places) => {
    try {
      return await measured(how, under, places)
    } finally {
      await under.stop()
    }
  }
  const own = async (how: How): Promise<Figure> => {
    const plain = { protocol: 'Tcp' as const, ca: vendors.cert }
    const egress = names.map(
      (host): Egress => ({
        kind: 'agreement',
        agreement: 'speech',
        host,
        port: 443,
        ...(how === 'plain' ? plain : {}),
      }),
    )
    const config: Config = { egress, upstreamPort }
    const args = [...memoryFlags, program('egress-main.ts'), await written('egress.json', config)]
    const sidecar = start(cores.measured, process.execPath, args)
    const ports = JSON.parse(await sidecar.line()) as { egress: number; dnsUdp: number }
    const sorted = names.toSorted()
    const places = names.map((name) => ({
      name,
      // In the order of the names, as sidecar/egress/names.ts hands them out.
      address: how === 'dns' ? '127.0.0.1' : addressAt(sorted.indexOf(name)),
      port: how === 'dns' ? ports.dnsUdp : ports.egress,
    }))
    return await measuredToEnd(how, sidecar, places)
  }
  const other = async (how: How): Promise<Figure> => {
    const port = await freePort()
    const run =
      how === 'dns'
        ? start(cores.measured, (await components(() => undefined)).coredns, [
            '-conf',
            await written('Corefile', corefile(port)),
          ])
        : start(cores.measured, 'nginx', [
            '-c',
            await written('nginx.conf', nginxStream({ how, folder, ca, port, upstreamPort })),
            '-e',
            join(folder, 'error.log'),
          ])
    // Both are quick; the load's own warming takes what remains.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const places = names.map((name) => ({ name, address: '127.0.0.1', port }))
    return await measuredToEnd(how, run, places)
  }

  const figures: EgressFigures = {}
  try {
    for (const how of wanted) {
      const went: { own: Figure[]; other: Figure[] } = { own: [], other: [] }
      for (let round = 0; round < rounds; round += 1) {
        went.other.push(await other(how))
        went.own.push(await own(how))
      }
      const middle = (all: Figure[]): Figure => ({
        microseconds: quantile(all.map(({ microseconds }) => microseconds)),
        perSecond: quantile(all.map(({ perSecond }) => perSecond)),
      })
      figures[how] = { own: middle(went.own), other: middle(went.other) }
    }
  } finally {
    await behind.stop()
  }
  return figures
}

function addressAt(index: number): string {
  return `127.64.${(index + 1) >> 8}.${(index + 1) & 255}`
}

/** The names themselves, in memory; nothing is forwarded, and nothing needs a cache. */
const corefile = (port: number): string => `.:${port} {
    errors
    hosts {
${names.map((name, at) => `        ${addressAt(at)} ${name}`).join('\n')}
        ttl 3
    }
}
`

/**
 * The server name is read and decides, as in the sidecar; or TLS is put on, and the certificate checked. An end is passed on, and the
 * other side may finish, as in the sidecar: by itself nginx closes both at the first end.
 */
function nginxStream(of: {
  how: How
  folder: string
  ca: string
  port: number
  upstreamPort: number
}): string {
  const { how, folder, ca, port, upstreamPort } = of
  const way =
    how === 'plain'
      ? `proxy_ssl on; proxy_ssl_verify on; proxy_ssl_trusted_certificate ${ca}; proxy_ssl_protocols TLSv1.3;
    proxy_ssl_server_name on; proxy_ssl_name ${names[0]}; proxy_ssl_session_reuse off; proxy_pass 127.0.0.1:${upstreamPort};`
      : 'ssl_preread on; proxy_pass $upstream;'
  return `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 512; }
stream {
  map_hash_max_size 4096;
  map_hash_bucket_size 128;
  map $ssl_preread_server_name $upstream {
    default "";
${names.map((name) => `    ${name} 127.0.0.1:${upstreamPort};`).join('\n')}
  }
  server {
    listen 127.0.0.1:${port};
    proxy_half_close on;
    ${way}
  }
}
`
}

const labels: { [how in How]: { what: string; unit: string; beside: string } } = {
  tls: {
    what: 'the app’s own TLS, kept connections',
    unit: 'an exchange',
    beside: 'nginx `stream`, `ssl_preread`',
  },
  plain: {
    what: 'plain to TLS, kept connections',
    unit: 'an exchange',
    beside: 'nginx `stream`, `proxy_ssl`',
  },
  connections: {
    what: 'the app’s own TLS, a connection each',
    unit: 'a connection',
    beside: 'nginx `stream`, `ssl_preread`',
  },
  dns: { what: 'the resolver, a declared name', unit: 'an answer', beside: 'CoreDNS, `hosts`' },
}

/** As Markdown. */
export function egressTable(figures: EgressFigures): string {
  const heads = ['what', 'CPU µs', 'beside it, CPU µs', 'in proportion', 'aim', 'each second at most']
  const rows = hows.flatMap((how) => {
    const { own, other } = figures[how] ?? {}
    if (own === undefined || other === undefined) return []
    const { what, unit, beside } = labels[how]
    const ratio = own.microseconds / other.microseconds
    return [
      [
        what,
        `${own.microseconds.toFixed(1)} ${unit}`,
        `${other.microseconds.toFixed(1)}: ${beside}`,
        how === 'dns' ? `${(1 / ratio).toFixed(2)} × its rate` : `${ratio.toFixed(1)} ×`,
        how === 'dns' ? '≥ 0.5 ×' : '≤ 2 ×',
        `${own.perSecond.toFixed(0)} and ${other.perSecond.toFixed(0)}`,
      ],
    ]
  })
  return markdown([heads, ...rows])
}

if (import.meta.main)
  await tidying(async (folder) => {
    const [seconds = '4', ...only] = process.argv.slice(2)
    const wanted = hows.filter((how) => only.length === 0 || only.includes(how))
    console.log(egressTable(await egressFigures(folder, Number(seconds), wanted)))
  })

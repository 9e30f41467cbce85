// Every image that tests and the demo run, by the same recipe as the product's. Nothing is ever pulled.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accounts, baseLayer, checkout } from '../../config/image/base.ts'
import { exists, hashOf } from '../../config/image/cache.ts'
import { checkLibraries, packageEntries, unpacked } from '../../config/image/debian.ts'
import { type Layer, layer } from '../../config/image/layer.ts'
import { home, isRead } from '../../config/image/modules.ts'
import { type Image, image } from '../../config/image/oci.ts'
import { buildProduct, productImage, sourceLayer } from '../../config/image/product.ts'
import { type Log, progress } from '../../config/image/progress.ts'
import { entriesOf, fileEntry, folderEntry, linkEntry } from '../../config/image/tar.ts'
import { closure, installed, type Lockfile } from './closure.ts'

export const samplesImage = 'localhost/hipaa-mcp-samples:dev'
export const postgresImage = 'localhost/postgres:15'
export const prometheusImage = 'localhost/prometheus:dev'

/** The product, the samples, PostgreSQL and Prometheus; each part is made again only if what it is made of changed. */
export async function testImages(log: Log): Promise<Image[]> {
  return [
    await buildProduct(productImage, log),
    await samples(log),
    await postgres(log),
    await prometheus(log),
  ]
}

const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'

// What sample servers, identity provider and agent import beyond the product's own dependencies.
const sampleModules = [
  '@modelcontextprotocol/client',
  '@modelcontextprotocol/sdk',
  '@modelcontextprotocol/server',
  'oidc-provider',
] as const

async function samples(log: Log): Promise<Image> {
  const folders = ['core', 'crds', 'test/sample', 'test/conformance/fixtures', 'test/conformance/shim']
  const present: string[] = []
  for (const folder of folders) if (await exists(join(checkout, folder))) present.push(folder)
  const source = await sourceLayer('samples', present)
  return image(samplesImage, [await baseLayer(log), await sampleModulesLayer(log), source], {
    User: '1000:1000',
    WorkingDir: `/${home}`,
    Entrypoint: ['/usr/bin/node'],
    Env: [path],
  })
}

async function sampleModulesLayer(log: Log): Promise<Layer> {
  const text = await readFile(join(checkout, 'package-lock.json'), 'utf8')
  const lockfile = JSON.parse(text) as Lockfile
  const own = Object.keys(lockfile.packages['']?.dependencies ?? {})
  const roots = [...own, ...sampleModules]
  return await progress('packing the samples’ dependencies', log, async () => {
    return await layer('sample-modules', hashOf(['sample modules 1', text, ...roots]), 'none', async () => {
      const paths = await installed(checkout, lockfile, closure(lockfile, roots))
      const parts = paths.map(async (each) => {
        // Nested packages are in the list themselves, if they are needed.
        const keeps = (below: string, isFolder: boolean): boolean =>
          below.split('/')[0] !== 'node_modules' &&
          isRead(`${each.replace(/^node_modules\//, '')}/${below}`, isFolder)
        return await entriesOf(join(checkout, each), `${home}/${each}`, keeps, true)
      })
      return (await Promise.all(parts)).flat()
    })
  })
}

const postgresPackages = [
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'busybox-static',
  'postgresql-15',
  'postgresql-client-15',
  'postgresql-client-common',
  'libpq5',
  'libicu72',
  'libxml2',
  'libssl3',
  'libldap-2.5-0',
  'libsasl2-2',
  'libgssapi-krb5-2',
  'libkrb5-3',
  'libk5crypto3',
  'libkrb5support0',
  'libcom-err2',
  'libkeyutils1',
  'libpam0g',
  'libaudit1',
  'libcap-ng0',
  'libsystemd0',
  'libcap2',
  'libgcrypt20',
  'libgpg-error0',
  'liblz4-1',
  'liblzma5',
  'libzstd1',
  'libgnutls30',
  'libhogweed6',
  'libnettle8',
  'libgmp10',
  'libidn2-0',
  'libunistring2',
  'libtasn1-6',
  'libp11-kit0',
  'libffi8',
  'libreadline8',
  'libtinfo6',
  'zlib1g',
  'tzdata',
] as const

const postgresUser = 999
const postgresFolder = 'usr/lib/postgresql/15'

async function postgres(log: Log): Promise<Image> {
  const debian = await unpacked(postgresPackages, log)
  const entrypoint = await readFile(join(import.meta.dirname, 'postgres-entrypoint.sh'))
  const made = await progress('packing PostgreSQL', log, async () => {
    return await layer('postgres', hashOf(['postgres 1', debian.key, entrypoint]), 'none', async () => {
      const programs = ['initdb', 'pg_ctl', 'pg_isready', 'postgres', 'psql']
      await checkLibraries(
        debian.folder,
        programs.map((name) => `${postgresFolder}/bin/${name}`),
      )
      const entries = await packageEntries(debian.folder)
      return [
        // Compiled queries need LLVM, a hundred megabytes that a test's database does not miss.
        ...entries.filter((entry) => !/llvmjit|\/bitcode(\/|$)/.test(entry.path)),
        ...['sh', 'cat', 'chmod', 'cp', 'ls', 'mkdir', 'mv', 'rm', 'sleep'].map((name) =>
          linkEntry(`bin/${name}`, 'busybox'),
        ),
        ...programs.map((name) => linkEntry(`usr/bin/${name}`, `/${postgresFolder}/bin/${name}`)),
        ...accounts([{ name: 'postgres', id: postgresUser, home: '/var/lib/postgresql' }]),
        fileEntry('entrypoint.sh', entrypoint, 0o755),
        folderEntry('docker-entrypoint-initdb.d'),
        folderEntry('tmp', 0o1777),
        folderEntry('var/lib/postgresql/data', 0o1777),
        folderEntry('var/run/postgresql', 0o1777),
      ]
    })
  })
  return image(postgresImage, [made], {
    User: `${postgresUser}:${postgresUser}`,
    WorkingDir: '/tmp',
    Entrypoint: ['/entrypoint.sh'],
    Env: [path, 'PGDATA=/var/lib/postgresql/data/pgdata', 'LC_ALL=C', 'TZ=UTC'],
    ExposedPorts: { '5432/tcp': {} },
  })
}

async function prometheus(log: Log): Promise<Image> {
  const debian = await unpacked(['libc6', 'prometheus'], log)
  const made = await progress('packing Prometheus', log, async () => {
    return await layer('prometheus', hashOf(['prometheus 1', debian.key]), 'none', async () => {
      await checkLibraries(debian.folder, ['usr/bin/prometheus', 'usr/bin/promtool'])
      const entries = await packageEntries(debian.folder)
      const data = folderEntry('prometheus', 0o1777)
      return [...entries, ...accounts([]), folderEntry('tmp', 0o1777), data]
    })
  })
  return image(prometheusImage, [made], {
    User: '65534:65534',
    WorkingDir: '/prometheus',
    Entrypoint: ['/usr/bin/prometheus'],
    Cmd: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus'],
    Env: [path],
    ExposedPorts: { '9090/tcp': {} },
  })
}

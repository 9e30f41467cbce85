// The image recipe against a real registry protocol: a small registry in this process that keeps what it is sent.

import { createHash, randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkout } from '../../config/image/base.ts'
import { cacheFolder } from '../../config/image/cache.ts'
import { layer } from '../../config/image/layer.ts'
import { type Image, image, writeArchive } from '../../config/image/oci.ts'
import { manifestName, pinIn, pinned } from '../../config/image/pin.ts'
import { buildProduct, productImage } from '../../config/image/product.ts'
import { parseReference, push } from '../../config/image/push.ts'
import { run } from '../../config/image/run.ts'
import { fileEntry, linkEntry } from '../../config/image/tar.ts'

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

type Registry = {
  host: string
  blobs: Map<string, Buffer>
  manifests: Map<string, Buffer>
  requests: string[]
  server: Server
}

/** Checks what a registry checks: the login, and that a blob and a manifest's parts are what they claim to be. */
async function aRegistry(options: { user?: string; alters?: boolean } = {}): Promise<Registry> {
  const [blobs, manifests, requests] = [new Map<string, Buffer>(), new Map<string, Buffer>(), [] as string[]]
  const token = randomUUID()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', `http://${request.headers.host ?? ''}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const say = (status: number, headers: Record<string, string> = {}, text = ''): void => {
      response.writeHead(status, headers).end(text)
    }
    if (url.pathname === '/token') {
      const wanted = `Basic ${Buffer.from(options.user ?? '').toString('base64')}`
      const scoped = url.searchParams.get('scope') === 'repository:team/product:pull,push'
      if (request.headers.authorization === wanted && scoped) say(200, {}, JSON.stringify({ token }))
      else say(401)
      return
    }
    requests.push(`${request.method} ${url.pathname.replace(/sha256:.*/, 'DIGEST')}`)
    if (options.user !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      say(401, { 'www-authenticate': `Bearer realm="${url.origin}/token",service="test"` })
      return
    }
    const [, kind = '', name = ''] = /^\/v2\/team\/product\/(blobs|manifests)\/(.+)$/.exec(url.pathname) ?? []
    if (request.method === 'HEAD' && kind === 'blobs') say(blobs.has(name) ? 200 : 404)
    else if (request.method === 'POST')
      say(202, { location: `/v2/team/product/blobs/uploads/${randomUUID()}?state=1` })
    else if (request.method === 'PUT' && kind === 'blobs') {
      const digest = url.searchParams.get('digest') ?? ''
      if (digest !== digestOf(body) || url.searchParams.get('state') !== '1')
        return say(400, {}, 'digest invalid')
      blobs.set(digest, body)
      say(201)
    } else if (request.method === 'PUT' && kind === 'manifests') {
      const { config, layers } = JSON.parse(body.toString()) as {
        config: { digest: string }
        layers: { digest: string }[]
      }
      if ([config, ...layers].some(({ digest }) => !blobs.has(digest))) return say(400, {}, 'blob unknown')
      manifests.set(name, body)
      say(201, {
        'docker-content-digest': options.alters === true ? digestOf(Buffer.from('x')) : digestOf(body),
      })
    } else say(404)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { host: `127.0.0.1:${address.port}`, blobs, manifests, requests, server }
}

async function anImage(): Promise<Image> {
  const content = randomUUID()
  const made = await layer('test', digestOf(Buffer.from(content)).slice(7), 'gzip', async () => [
    fileEntry(`a/${'long-name/'.repeat(15)}file`, content, 0o755),
    linkEntry('a/link', `${'../'.repeat(40)}target`),
  ])
  return image('localhost/test:1', [made], { Entrypoint: ['/a'] })
}

const open: Registry[] = []
async function registry(options: { user?: string; alters?: boolean } = {}): Promise<Registry> {
  const made = await aRegistry(options)
  open.push(made)
  return made
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-'))
})
afterAll(async () => {
  for (const { server } of open) server.close()
  await rm(folder, { recursive: true })
})

describe('push', () => {
  test('puts layers, configuration and manifest into the registry, and what is there already only once', async () => {
    const made = await anImage()
    const store = await registry()

    const digest = await push(made, parseReference(`${store.host}/team/product:1.0`), () => undefined)

    expect(digest).toBe(digestOf(store.manifests.get('1.0') ?? Buffer.alloc(0)))
    expect(store.blobs.size).toBe(2)
    const before = store.requests.filter((line) => line.startsWith('POST')).length
    await push(made, parseReference(`${store.host}/team/product:1.1`), () => undefined)
    expect(store.requests.filter((line) => line.startsWith('POST'))).toHaveLength(before)
    expect(store.manifests.get('1.1')).toEqual(store.manifests.get('1.0'))
  })

  test('fetches a token by the stored login when the registry asks for one', async () => {
    const store = await registry({ user: 'someone:a:b' })
    const reference = parseReference(`${store.host}/team/product`)
    await writeFile(
      join(folder, 'config.json'),
      JSON.stringify({ auths: { [store.host]: { auth: Buffer.from('someone:a:b').toString('base64') } } }),
    )
    const made = await anImage()
    await expect(
      push(made, reference, () => undefined, { user: 'someone', password: 'wrong' }),
    ).rejects.toThrow(/Log in first/)
    expect(store.manifests.size).toBe(0)

    process.env['DOCKER_CONFIG'] = folder
    try {
      await push(made, reference, () => undefined)
    } finally {
      delete process.env['DOCKER_CONFIG']
    }

    expect(store.manifests.get('latest')).toEqual(made.manifest)
  })

  test('rejects when the registry says that it stored something else', async () => {
    const store = await registry({ alters: true })

    const pushed = push(await anImage(), parseReference(`${store.host}/team/product:1`), () => undefined)

    await expect(pushed).rejects.toThrow(/do not use/)
  })

  test.each(['product', 'Team/Product', 'registry.example.org', 'registry.example.org/x:'])(
    'refuses the reference %s',
    (text) => {
      expect(() => parseReference(text)).toThrow(/REGISTRY\/NAME/)
    },
  )
})

describe('pinning', () => {
  const digest = digestOf(Buffer.from('image'))

  test('replaces the product’s image alone and keeps comments', () => {
    const before = `# why\nresources: [a.yaml]\nimages:\n  - name: localhost/hipaa-mcp\n    newTag: dev\n  - name: other\n    newTag: "1"\n`

    const after = pinned(before, 'registry.example.org/team/product', digest)

    expect(after).toContain('# why')
    expect(after).toContain(`newName: registry.example.org/team/product\n    digest: ${digest}`)
    expect(after).not.toContain('newTag: dev')
    expect(after).toContain('- name: other\n    newTag: "1"')
    expect(pinned(after, 'registry.example.org/team/product', digest)).toBe(after)
  })

  test('adds the list where there is none', () => {
    expect(pinned('resources: [a.yaml]\n', 'r.example.org/p', digest)).toContain('name: localhost/hipaa-mcp')
  })

  test('reaches every folder that is applied, the network plugin’s too, and says where it did', async () => {
    const copy = join(folder, 'pinned')
    await cp(join(checkout, 'config'), join(copy, 'config'), { recursive: true })

    const said = await pinIn(copy, 'registry.example.org/team/product', digest)

    const named: string[] = []
    for (const file of await readdir(copy, { recursive: true })) {
      if (!file.endsWith('kustomization.yaml')) continue
      const text = await readFile(join(copy, file), 'utf8')
      if (!text.includes(`name: ${manifestName}`)) continue
      named.push(file)
      expect(text, file).toContain(`newName: registry.example.org/team/product\n    digest: ${digest}`)
      expect(text, file).not.toContain('newTag')
    }
    expect(named.toSorted()).toEqual(['config/cni/kustomization.yaml', 'config/default/kustomization.yaml'])
    expect(said.map(({ file }) => file).toSorted()).toEqual(named.toSorted())
    await rm(join(copy, 'config', 'cni'), { recursive: true })
    expect((await pinIn(copy, 'r.example.org/p', digest)).filter((one) => !one.pinned)).toEqual([
      { file: 'config/cni/kustomization.yaml', pinned: false },
    ])
  })
})

describe('the product’s image', () => {
  test('is the same, byte for byte, when another user builds it from nothing', async () => {
    // A copy, for who runs tests beside an editor.
    const source = join(folder, 'checkout')
    for (const part of ['core', 'sidecar', 'operator', 'collector', 'cli', 'crds', 'config/image']) {
      await cp(join(checkout, part), join(source, part), { recursive: true })
    }
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE']) {
      await cp(join(checkout, file), join(source, file))
    }
    await symlink(join(checkout, 'node_modules'), join(source, 'node_modules'))
    // Another cache; only the fetched packages are lent, whose hashes are checked in any case.
    await mkdir(join(folder, 'cache', 'hipaa-mcp'), { recursive: true })
    await symlink(join(cacheFolder, 'debs'), join(folder, 'cache', 'hipaa-mcp', 'debs'))
    const digest = async (umask: string, cache: string): Promise<string> => {
      const command = [process.execPath, join(source, 'config', 'image', 'build.ts'), '--json']
      const env = { XDG_CACHE_HOME: cache }
      const made = await run('sh', ['-c', `umask ${umask}; exec "$0" "$@"`, ...command], { env })
      return (JSON.parse(made) as { digest: string }).digest
    }

    const first = await digest('022', dirname(cacheFolder))
    await run('chmod', ['-R', 'go-rwx', join(source, 'core')])

    expect(await digest('077', join(folder, 'cache'))).toBe(first)
  }, 180_000)

  test('holds what it should and no more, all of it root’s and of no date', async () => {
    const first = await buildProduct(productImage, () => undefined)
    const listed = await Promise.all(first.layers.map(async ({ file }) => await run('tar', ['-tvzf', file])))
    const files = listed.join('').split('\n').filter(Boolean)
    for (const wanted of [
      'usr/bin/node',
      'opt/hipaa-mcp/core/policy.ts',
      'opt/hipaa-mcp/load-stripped.js',
      'opt/hipaa-mcp/node_modules/jose/package.json',
      'etc/passwd',
      'usr/share/doc/libc6/copyright',
    ]) {
      expect(
        files.some((line) => line.includes(` ${wanted}`)),
        wanted,
      ).toBe(true)
    }
    for (const unwanted of [
      'node_modules/vitest/',
      'node_modules/typescript/',
      'node-linux-',
      '.test.ts',
      'bin/sh',
      'bin/dash',
    ]) {
      expect(
        files.filter((line) => line.includes(unwanted)),
        unwanted,
      ).toEqual([])
    }
    expect(files.filter((line) => !/ (0\/0|root\/root) /.test(line) || !line.includes('1970-01-01'))).toEqual(
      [],
    )
  })

  test('is an archive whose index names it and whose blobs are what their names say', async () => {
    const made = await anImage()
    const file = join(folder, 'image.tar')
    await writeArchive(made, file)
    const out = join(folder, 'unpacked')
    await run('mkdir', [out])
    await run('tar', ['-xf', file, '-C', out])

    const index = JSON.parse(await readFile(join(out, 'index.json'), 'utf8')) as {
      manifests: { digest: string; annotations: object }[]
    }
    expect(index.manifests[0]?.digest).toBe(made.digest)
    expect(Object.values(index.manifests[0]?.annotations ?? {})).toContain('localhost/test:1')
    const names = (await run('ls', [join(out, 'blobs', 'sha256')])).trim().split('\n')
    expect(names).toHaveLength(3)
    for (const name of names)
      expect(digestOf(await readFile(join(out, 'blobs', 'sha256', name)))).toBe(`sha256:${name}`)
  })
})

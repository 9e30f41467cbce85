// One layer of an image: a tar archive in the cache, known by its digest.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { cached, cacheFolder } from './cache.ts'
import { type Entry, ordered, tar } from './tar.ts'

export type Layer = {
  /** The file that holds the bytes which `digest` and `size` speak of. */
  file: string
  mediaType: string
  digest: string
  size: number
  /** Digest of the uncompressed archive. */
  diffId: string
}

export type Compression = 'gzip' | 'none'

const mediaTypes: Record<Compression, string> = {
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  none: 'application/vnd.oci.image.layer.v1.tar',
}

/**
 * The layer made of `entries`, made once for each `key`, which must change when they would. The same entries give the
 * same digest on every machine.
 */
export async function layer(
  name: string,
  key: string,
  compression: Compression,
  entries: () => Promise<readonly Entry[]>,
): Promise<Layer> {
  const folder = join(cacheFolder, 'layers', `${name}-${key.slice(0, 24)}-${compression}`)
  await cached(folder, async (draft) => {
    await mkdir(draft)
    const made = await write(join(draft, 'blob'), ordered(await entries()), compression)
    await writeFile(join(draft, 'layer.json'), JSON.stringify(made))
  })
  const made = JSON.parse(await readFile(join(folder, 'layer.json'), 'utf8')) as Omit<Layer, 'file'>
  return { ...made, file: join(folder, 'blob') }
}

async function write(
  path: string,
  entries: readonly Entry[],
  compression: Compression,
): Promise<Omit<Layer, 'file'>> {
  const plain = digesting()
  const stored = digesting()
  const archive = Readable.from(tar(entries))
  const file = createWriteStream(path)
  if (compression === 'gzip')
    await pipeline(archive, plain.through, createGzip({ level: 6 }), stored.through, file)
  else await pipeline(archive, plain.through, stored.through, file)
  return {
    mediaType: mediaTypes[compression],
    digest: stored.digest(),
    size: (await stat(path)).size,
    diffId: plain.digest(),
  }
}

function digesting(): { through: Transform; digest: () => string } {
  const hash = createHash('sha256')
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  return { through, digest: () => `sha256:${hash.digest('hex')}` }
}

/** SHA-256 of a file's bytes, in hex. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

// OCI images (image-spec 1.1) without a daemon: manifest and configuration over layers, and the archive of them all.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Layer } from './layer.ts'
import { copiedEntry, type Entry, fileEntry, tar } from './tar.ts'

export type ImageConfig = {
  User?: string
  WorkingDir?: string
  Entrypoint?: readonly string[]
  Cmd?: readonly string[]
  Env?: readonly string[]
  Labels?: Record<string, string>
  ExposedPorts?: Record<string, object>
}

export type Image = {
  name: string
  /** Digest of the manifest, by which the image is pinned. */
  digest: string
  manifest: Buffer
  config: Buffer
  configDigest: string
  layers: readonly Layer[]
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const configType = 'application/vnd.oci.image.config.v1+json'

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The image `name` for this machine's architecture. The same layers and configuration give the same digest. */
export function image(name: string, layers: readonly Layer[], config: ImageConfig): Image {
  const architecture = architectures[process.arch]
  if (architecture === undefined)
    throw new Error(`Images are made on x64 and arm64; this machine is ${process.arch}`)
  const configBytes = Buffer.from(
    JSON.stringify({
      created: '1970-01-01T00:00:00Z',
      architecture,
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  )
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: configType, digest: digestOf(configBytes), size: configBytes.length },
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    }),
  )
  return {
    name,
    digest: digestOf(manifest),
    manifest,
    config: configBytes,
    configDigest: digestOf(configBytes),
    layers,
  }
}

const blob = (digest: string): string => `blobs/sha256/${digest.replace('sha256:', '')}`

/** The bytes of the image's OCI archive, as `ctr images import` and `docker load` take it. */
export async function archive(made: Image): Promise<Readable> {
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: manifestType,
        digest: made.digest,
        size: made.manifest.length,
        annotations: {
          'io.containerd.image.name': made.name,
          'org.opencontainers.image.ref.name': made.name,
        },
      },
    ],
  }
  const entries = new Map<string, Entry>()
  const add = (entry: Entry): void => void entries.set(entry.path, entry)
  add(fileEntry('oci-layout', '{"imageLayoutVersion":"1.0.0"}'))
  add(fileEntry('index.json', JSON.stringify(index)))
  add(fileEntry(blob(made.digest), made.manifest))
  add(fileEntry(blob(made.configDigest), made.config))
  for (const { digest, file } of made.layers) add(await copiedEntry(blob(digest), file, 0o644))
  return Readable.from(tar([...entries.values()]))
}

/** Writes the image's OCI archive to a file. */
export async function writeArchive(made: Image, path: string): Promise<void> {
  await pipeline(await archive(made), createWriteStream(path))
}

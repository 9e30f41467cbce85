// The two images that the node itself runs, each one program of Go, and how images come into a node.

import { spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { hashOfFile, layer } from '../../config/image/layer.ts'
import { archive, type Image, image } from '../../config/image/oci.ts'
import { run } from '../../config/image/run.ts'
import { copiedEntry } from '../../config/image/tar.ts'
import type { Components } from './components.ts'
import { coreDnsImage } from './coredns.ts'
import { pauseImage, socketOf } from './node.ts'

/** The pause image and CoreDNS. */
export async function nodeImages(built: Components): Promise<Image[]> {
  return await Promise.all([
    program(pauseImage, 'pause', built.pause),
    program(coreDnsImage, 'coredns', built.coredns),
  ])
}

async function program(name: string, binary: string, file: string): Promise<Image> {
  const made = await layer(binary, await hashOfFile(file), 'none', async () => [
    await copiedEntry(binary, file, 0o755),
  ])
  return image(name, [made], { Entrypoint: [`/${binary}`] })
}

/** Imports the images that the node does not hold yet under their names and digests. Gives the names imported. */
export async function importImages(state: string, images: readonly Image[]): Promise<string[]> {
  const held = await heldImages(state)
  const wanted = images.filter(({ name, digest }) => held.get(name) !== digest)
  for (const made of wanted) {
    await importing(state, async (input) => await pipeline(await archive(made), input))
  }
  return wanted.map(({ name }) => name)
}

/** Imports OCI archives from files, under the names they bear. */
export async function importArchives(state: string, files: readonly string[]): Promise<void> {
  for (const file of files)
    await run('ctr', ['-a', socketOf(state), '-n', 'k8s.io', 'images', 'import', file])
}

async function heldImages(state: string): Promise<Map<string, string>> {
  const listed = await run('ctr', ['-a', socketOf(state), '-n', 'k8s.io', 'images', 'list'])
  const rows = listed.split('\n').slice(1)
  return new Map(
    rows.map((row) => {
      const [name = '', , digest = ''] = row.split(/\s+/)
      return [name, digest]
    }),
  )
}

async function importing(
  state: string,
  feed: (input: NodeJS.WritableStream) => Promise<void>,
): Promise<void> {
  const child = spawn('ctr', ['-a', socketOf(state), '-n', 'k8s.io', 'images', 'import', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const words: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => words.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`ctr images import failed (exit ${code}): ${Buffer.concat(words).toString()}`))
    })
  })
  // When ctr fails it closes the pipe first; its own words say more than the broken pipe does.
  await Promise.all([
    ended,
    feed(child.stdin).catch(async (error: unknown) => {
      await ended
      throw error
    }),
  ])
}

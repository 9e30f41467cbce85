// Where callers, the server behind everything, and what is measured between them meet.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asInImage } from './as-in-image.ts'
import { cores, start } from './process.ts'
import { type Work, workAndTokens } from './work.ts'

export type Place = {
  folder: string
  work: Work
  /** The work as a file. */
  file: string
  upstreamPort: number
  /** Sources as the image holds them. */
  image: string
  /** One for a subject. */
  token: (sub: string) => Promise<string>
}

/** With the work in the folder, and the server running. */
export async function aPlace(folder: string): Promise<Place> {
  const file = join(folder, 'work.json')
  // The policy names the upstream's port, so it is chosen before the upstream starts.
  const upstreamPort = 20_000 + (process.pid % 10_000)
  const { work, token } = await workAndTokens(upstreamPort)
  await writeFile(file, JSON.stringify(work))
  const upstream = join(import.meta.dirname, 'upstream.ts')
  await start(cores.others, process.execPath, [upstream, file, String(upstreamPort)]).line()
  return { folder, work, file, upstreamPort, image: await asInImage(folder), token }
}

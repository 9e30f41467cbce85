// Reads a chain's segments in order. The one place that tells a commit cut off by power loss from a changed file.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Corrupt } from './commit.ts'
import { type Frame, frameAt } from './frame.ts'

/** Named by the index of the first record, so that names sort as records do. */
export function nameOfSegment(from: number): string {
  return `${String(from).padStart(16, '0')}.segment`
}

/** Segments of a folder, in order. */
export async function segmentsIn(folder: string): Promise<{ name: string; from: number }[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /^[0-9]{16}\.segment$/.test(name))
    .toSorted()
    .map((name) => ({ name, from: Number(name.slice(0, 16)) }))
}

/**
 * Frames from the one that holds record `from`. Ends at the last committed frame. Throws `Corrupt` when what was
 * committed is not there any more. Only the end of the last segment may be torn.
 */
export async function* readSegments(
  origin: string,
  folder: string,
  from: number,
): AsyncGenerator<{ segment: string; frame: Frame }> {
  const all = await segmentsIn(folder)
  // Segments whose successor begins at or below `from` hold nothing that is asked for.
  const segments = all.filter((_, i) => (all[i + 1]?.from ?? Number.POSITIVE_INFINITY) > from)
  let next = segments.length === all.length ? 0 : (segments[0]?.from ?? 0)
  for (const [i, segment] of segments.entries()) {
    if (segment.from !== next)
      throw new Corrupt(origin, `Records from ${next} to ${segment.from} are missing`)
    const bytes = await readFile(join(folder, segment.name))
    for (let offset = 0; ; ) {
      const frame = frameAt(bytes, offset)
      if (frame === 'end' || (frame === 'torn' && i === segments.length - 1)) break
      if (typeof frame === 'string')
        throw new Corrupt(origin, `Committed bytes after record ${next} were changed`)
      if (frame.from !== next) throw new Corrupt(origin, `Record ${frame.from} stands where ${next} belongs`)
      next += frame.records.length
      offset = frame.end
      if (next > from) yield { segment: segment.name, frame }
    }
  }
}

// `hipaa-mcp trail unseal`: the records of sealed segments, as they come out of the archive. The collector has each data
// key opened by whoever holds the key, and puts on record who asked.

import { createReadStream, createWriteStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { counted } from '../core/counted.ts'
import { readSegment, SegmentDamaged, type SegmentHeader } from '../core/sealed/segment.ts'
import { auditorFor, auditorOptions } from './auditor.ts'
import { dataKeyOf } from './collector-connection.ts'
import { CannotError, type Command, exitCodes, textOf, UsageError } from './command.ts'

export const trailUnseal: Command = {
  name: 'trail unseal',
  summary: 'Read the records of sealed segments',
  operands: 'SEGMENT…',
  example: 'trail unseal 0000000000004096.sealed --output records.ndjson',
  options: {
    output: { value: 'FILE', short: 'o', help: 'New file for the records, one a line' },
    ...auditorOptions,
    json: { help: 'Print which records were read as JSON' },
  },
  about:
    'SEGMENT is a file of the archive, NAME.sealed. Needs the rights of hipaa-mcp trail export. The collector asks the key’s holder to open each segment and writes into the registry log who asked; the key itself never leaves its holder. Segments of one chain are given in the order of their records. Every record is compared with its leaf hash; whether the segment is the one that was sealed, and all of the trail, says hipaa-mcp verify. Of segments that are damaged no file is left.',
  run: async (operands, values, screen) => {
    const output = textOf(values, 'output')
    if (operands.length === 0) throw new UsageError('trail unseal wants files of sealed segments')
    if (output === undefined) throw new UsageError('--output wants a new file')
    const auditor = await auditorFor(values, screen)
    const ask = async ({ origin, segment, keyId, wrapped }: SegmentHeader): Promise<Buffer> =>
      await auditor(async (socket) => await dataKeyOf(socket, { origin, segment, keyId, wrapped }))
    const read = await unseal(operands, output, ask)
    if (values['json'] === true) screen.out(JSON.stringify({ output, segments: read }, null, 2))
    else {
      for (const { origin, from, to } of read) screen.out(`${origin}: records ${from} to ${to - 1}`)
      const records = read.reduce((sum, { from, to }) => sum + to - from, 0)
      screen.out(`${counted(records, 'record')} in ${output}`)
    }
    return exitCodes.ok
  },
}

/** What was read of one segment: records [from, to). */
type Read = Pick<SegmentHeader, 'origin' | 'from' | 'to' | 'keyId'>

/**
 * Writes the records of segments into a new file that its owner alone may read, one a line, in constant memory. `ask` gives the
 * data key. Rejects, and leaves no file, when a segment is not whole.
 */
export async function unseal(
  segments: readonly string[],
  output: string,
  ask: (header: SegmentHeader) => Promise<Buffer>,
): Promise<Read[]> {
  const read: Read[] = []
  async function* lines(): AsyncGenerator<string> {
    for (const segment of segments) {
      const { header, records } = await opened(segment)
      const dataKey = await ask(header)
      try {
        for await (const group of records(dataKey))
          yield group.map((record) => `${String(record)}\n`).join('')
      } catch (cause) {
        throw damaged(segment, cause)
      } finally {
        dataKey.fill(0)
      }
      read.push({ origin: header.origin, from: header.from, to: header.to, keyId: header.keyId })
    }
  }
  const file = createWriteStream(output, { flags: 'wx', mode: 0o600 })
  try {
    await pipeline(lines(), file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new CannotError(`${output} exists: name a new file with --output`)
    await unlink(output).catch(() => undefined)
    throw error
  }
  return read
}

async function opened(path: string): Promise<Awaited<ReturnType<typeof readSegment>>> {
  try {
    return await readSegment(createReadStream(path))
  } catch (cause) {
    throw damaged(path, cause)
  }
}

function damaged(path: string, cause: unknown): Error {
  if (cause instanceof SegmentDamaged) return new CannotError(`${path}: ${cause.message}`, { cause })
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
    return new CannotError(`${path} is not there`, { cause })
  return cause as Error
}

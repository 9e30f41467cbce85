// `hipaa-mcp trail data-keys s3://BUCKET/PREFIX`: the wrapped data keys of an archive, for whoever holds the key that wrapped them and has no
// collector any more.

import { keyOfSegment } from '../core/archive/keys.ts'
import { locationOf } from '../core/archive/location.ts'
import { canonical } from '../core/canonical.ts'
import { counted } from '../core/counted.ts'
import { type Archived, parseRecord } from '../core/record.ts'
import { readSegment, type SegmentHeader } from '../core/sealed/segment.ts'
import { partsOfOrigin } from '../core/wire.ts'
import { CannotError, type Command, exitCodes, serverOf, textOf, UsageError } from './command.ts'
import { trustedIn } from './verify-archive/check.ts'
import { readLog, type Trusted } from './verify-archive/log.ts'
import { type ArchiveReader, openReader, reachOf } from './verify-archive/reader.ts'
import { archivePins } from './verify-archive/verify.ts'

export const trailDataKeys: Command = {
  name: 'trail data-keys',
  summary: 'List the wrapped data keys of an archive, where no collector is left to open them',
  operands: 's3://BUCKET/PREFIX',
  example: 'trail data-keys s3://trail --server clinic/ehr --policy policy',
  options: {
    server: { value: 'NAMESPACE/NAME', help: 'Which server’s segments' },
    policy: { value: 'FILE', help: 'Your own policy file, which pins the key of the log' },
  },
  about:
    'Prints a JSON object a line: segment, origin, from, to, keyId, wrapped (base64) and context. Whoever may use the key keyId unwraps each with context as encryption context (AWS KMS) or additional authenticated data (all others), docs/sealed-segments.md, and writes lines of {"segment":"…","key":"…"} into a file of their own. Every command that reads the archive takes that with --data-keys FILE and asks no collector; nobody but the key’s holder then puts on record who read. Nothing that is printed opens a record.',
  run: async ([named, ...more], values, screen) => {
    const location = named === undefined ? undefined : locationOf(named)
    if (location === undefined || more.length > 0)
      throw new UsageError('trail data-keys wants one archive, s3://BUCKET/PREFIX')
    const { namespace, server } = serverOf(textOf(values, 'server'))
    const trusted = trustedIn(await archivePins(values))
    const reader = await openReader(location, reachOf(process.env))
    let keys = 0
    for await (const line of wrappedKeys({ reader, prefix: location.prefix, trusted, namespace, server })) {
      screen.out(line)
      keys += 1
    }
    screen.note(`${counted(keys, 'segment')} of ${namespace}/${server}`)
    return exitCodes.ok
  },
}

/** A line for each segment of the server that the registry log names. */
export async function* wrappedKeys({
  reader,
  prefix,
  trusted,
  ...of
}: {
  reader: ArchiveReader
  prefix: string
  trusted: Trusted
  namespace: string
  server: string
}): AsyncGenerator<string> {
  const segments: Archived[] = []
  const { note, findings } = await readLog(reader, prefix, trusted, (record) => {
    const said = parseRecord(record)
    if (said.kind !== 'archived') return
    const parts = partsOfOrigin(said.origin)
    if (parts?.namespace === of.namespace && parts.server === of.server) segments.push(said)
  })
  if (note === undefined)
    throw new CannotError(
      `The registry log in the archive cannot be believed: ${findings[0] ?? 'it is missing'}`,
    )
  for (const archived of segments) {
    const stream = await reader.read({ key: keyOfSegment(prefix, archived), version: archived.version })
    let header: SegmentHeader
    try {
      // Its beginning is enough: what is wrong with the rest whoever opens it finds.
      ;({ header } = await readSegment(stream))
    } finally {
      stream.close()
    }
    const { origin, segment, from, to, keyId, wrapped } = header
    yield canonical({ segment, origin, from, to, keyId, wrapped, context: { origin, segment } })
  }
}

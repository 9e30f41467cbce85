// `hipaa-mcp trail tiles SOURCE OUT`: a trail as plain C2SP tlog-tiles logs, for anybody's tools.

import { counted } from '../core/counted.ts'
import { type Command, exitCodes, UsageError } from './command.ts'
import { progress } from './progress.ts'
import { writeTiles } from './tiles-write.ts'
import { reachOptions, withTrail } from './trail/open-trail.ts'

export const trailTiles: Command = {
  name: 'trail tiles',
  summary: 'Write a trail as C2SP tlog-tiles logs',
  operands: 'SOURCE OUT',
  example: 'trail tiles DIR tiles',
  options: {
    server: { value: 'NAMESPACE/NAME', help: 'Which server’s trail, where SOURCE holds more than one' },
    ...reachOptions,
    json: { help: 'Print what was written as JSON' },
  },
  about:
    'OUT is a new folder. Each chain and the registry log become a log of their own (https://c2sp.org/tlog-tiles): tile/…, tile/entries/…, checkpoint, and vkey, the key that signed it. Any file server can serve them, and `hipaa-mcp verify OUT` reads them like SOURCE. Records that came after a chain’s last checkpoint stand in after-checkpoint.ndjson: no tile holds them.\nNothing is written when the records are not those of the checkpoint.',
  run: async (operands, values, screen) => {
    const [source, out] = operands
    if (source === undefined || out === undefined || operands.length > 2)
      throw new UsageError('trail tiles wants a trail, and a new folder')
    let records = 0
    const shown = progress(screen, () => `${records.toLocaleString('en')} records written`)
    const read = (): void => {
      records += 1
    }
    const logs = await withTrail(
      source,
      values,
      screen,
      async (from) => await writeTiles(from, out, read),
    ).finally(() => shown.done())
    if (values['json'] === true) screen.out(JSON.stringify({ folder: out, logs }, null, 2))
    else {
      const entries = logs.reduce((sum, { size }) => sum + size, 0)
      const after = logs.reduce((sum, log) => sum + log.after, 0)
      screen.out(`${counted(logs.length, 'log')} with ${counted(entries, 'record')} are in ${out}`)
      if (after > 0)
        screen.out(
          `${counted(after, 'record')} came after the last checkpoint of their chain: after-checkpoint.ndjson`,
        )
    }
    return exitCodes.ok
  },
}

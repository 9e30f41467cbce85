// `hipaa-mcp trail prove SOURCE`: that one record is in the trail, as a file of its own that is verified offline.

import { parseVkey, verifyNote } from '../core/checkpoint.ts'
import { formatProof } from '../core/tlog-proof.ts'
import { registryOrigin } from '../core/wire.ts'
import { CannotError, type Command, exitCodes, textOf, UsageError } from './command.ts'
import { folderOfChain } from './export-layout.ts'
import { progress } from './progress.ts'
import { type Place, placesOf, prove } from './prove.ts'
import { oneSource, openTrail, reachOptions } from './trail/open-trail.ts'

export const trailProve: Command = {
  name: 'trail prove',
  summary: 'Prove that one record is in a trail',
  operands: 'SOURCE',
  example: 'trail prove DIR --call ID',
  options: {
    record: { value: 'N', help: 'Index of the record in its chain, from 0' },
    call: { value: 'ID', help: 'Identifier of a call, instead of an index' },
    kind: { value: 'KIND', help: 'Which record of the call: intent, result, refusal, …' },
    chain: { value: 'CHAIN', help: 'Origin of the chain, its POD-RESTART, or registry' },
    server: { value: 'NAMESPACE/NAME', help: 'Which server’s trail, where SOURCE holds more than one' },
    ...reachOptions,
    json: { help: 'Print the proof, the keys and the place of the record as JSON' },
  },
  about:
    'Writes a C2SP tlog-proof (https://c2sp.org/tlog-proof) to standard output; its extra data is the record. Whoever has the keys verifies it with nothing else: hipaa-mcp verify --proof FILE --vkey VKEY --witness VKEY. It shows the record as it stands in the trail, with the person and the sealed patients.\nWhere no checkpoint of its own chain covers the record, the proof stands on the registry log, which does: then --vkey is that log’s.',
  run: async (operands, values, screen) => {
    const named = oneSource('trail prove', operands)
    const [number, call] = [textOf(values, 'record'), textOf(values, 'call')]
    if ((number === undefined) === (call === undefined)) throw new UsageError('Give --record N or --call ID')
    if (number !== undefined && !/^(0|[1-9][0-9]{0,14})$/.test(number))
      throw new UsageError('--record wants an index')
    const source = await openTrail(named, values, screen)
    let records = 0
    const shown = progress(screen, () => `${records.toLocaleString('en')} records read`)
    const read = (): void => {
      records += 1
    }
    try {
      const { origins: all, witness } = await source.said()
      const origins = chosen(all, textOf(values, 'chain'))
      const place =
        number === undefined
          ? theOne(
              await placesOf(source, origins, { call: call as string, kind: textOf(values, 'kind') }, read),
              call as string,
            )
          : { origin: only(origins), index: Number(number) }
      const { proof, vkey } = await prove(source, place, read)
      const written = formatProof(proof)
      if (values['json'] === true)
        screen.out(JSON.stringify({ ...place, vkey, witness, proof: written }, null, 2))
      else {
        for (const line of written.split('\n').slice(0, -1)) screen.out(line)
        const cosigned = isCosigned(proof.note, witness) ? ` --witness '${witness}'` : ''
        screen.note(
          `Record ${place.index} of ${place.origin}. Keep the keys apart from the proof; verify it with:`,
        )
        screen.note(`  hipaa-mcp verify --proof FILE --vkey '${vkey}'${cosigned}`)
      }
      return exitCodes.ok
    } finally {
      shown.done()
      await source.close()
    }
  },
}

/** Those that `--chain` names; all but the registry log where it names none. */
function chosen(origins: readonly string[], chain: string | undefined): string[] {
  if (chain === undefined) return origins.filter((origin) => origin !== registryOrigin)
  const found = origins.filter((origin) =>
    [origin, folderOfChain(origin), folderOfChain(origin).replace('chains/', '')].includes(chain),
  )
  if (found.length === 0) throw new CannotError(`There is no such chain in it. It has:\n${lined(origins)}`)
  return found
}

function only(origins: readonly string[]): string {
  const [origin] = origins
  if (origin === undefined || origins.length > 1)
    throw new UsageError(`Say in which chain the record stands, with --chain:\n${lined(origins)}`)
  return origin
}

function lined(origins: readonly string[]): string {
  return origins.map((origin) => `  ${folderOfChain(origin).replace('chains/', '')}`).join('\n')
}

function theOne(places: readonly (Place & { kind: string })[], call: string): Place {
  const [place] = places
  if (place === undefined)
    throw new CannotError(`No record of the call ${call} is there. Look at its identifier, and at --kind`)
  if (places.length > 1) {
    const lines = places.map(({ origin, index, kind }) => `  ${kind}: record ${index} of ${origin}`)
    throw new UsageError(
      `The call has ${places.length} records. Say which, with --kind, or --chain and --record:\n${lines.join('\n')}`,
    )
  }
  return { origin: place.origin, index: place.index }
}

function isCosigned(note: string, witness: string): boolean {
  try {
    return verifyNote(note, parseVkey(witness)) !== undefined
  } catch {
    return false
  }
}

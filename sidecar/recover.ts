// The recovery Job's program: `node recover.ts`. Ships what a pod that is gone left on its trail volume, and ends. The exit
// code says whether trying again helps (operator/recovery/objects.ts reads it).

import { lookup } from 'node:dns'
import { paths } from '../core/identifiers.ts'
import { recoveryExits } from '../core/recovery.ts'
import { Link } from './channel/link.ts'
import { codeOf, idOf, jsonLog } from './log.ts'
import { holdsCertificates } from './pem.ts'
import { ChainOver } from './trail/home.ts'
import { recoverVolume } from './trail/recover-volume.ts'
import { SegmentDamaged } from './trail/recovery.ts'

const log = jsonLog()

function link(base: string | undefined, ca: string): Link | undefined {
  if (base === undefined || !URL.canParse(base)) return undefined
  return new Link({
    base: new URL(base),
    ca,
    lookup: (name, options, answer) => lookup(name, options, answer),
  })
}

const { HIPAA_MCP_CHANNEL, HIPAA_MCP_COLLECTOR, HIPAA_MCP_CA: ca = '' } = process.env
const channel = link(HIPAA_MCP_CHANNEL, ca)
const collector = link(HIPAA_MCP_COLLECTOR, ca)
if (channel === undefined || collector === undefined || !holdsCertificates(ca)) {
  log.error('The environment is not what the operator sets')
  process.exit(recoveryExits.again)
}

try {
  const records = await recoverVolume({ folder: paths.trail, token: paths.token, channel, collector, log })
  log.info('All that was on the volume is with the collector, and the chains of the pod have ended', {
    records,
  })
  process.exit(0)
} catch (error) {
  if (error instanceof SegmentDamaged) {
    log.error(
      'A segment is damaged: what could be read is with the collector. Keep the volume, and look at it',
    )
    process.exit(recoveryExits.damaged)
  }
  if (error instanceof ChainOver) {
    const { reason } = error
    if (reason === 'chain-foreign')
      log.error(
        'The volume holds the chain of another pod, server or namespace. Keep the volume, and look at who wrote on it whose it is',
        { reason: idOf(reason) },
      )
    else
      log.error('The collector has other records at the same places. Keep the volume, and verify the trail', {
        reason: idOf(reason),
      })
    process.exit(recoveryExits.refused)
  }
  log.error('The volume could not be recovered; another try follows', { error: codeOf(error) })
  process.exit(recoveryExits.again)
}

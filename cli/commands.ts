// Every command, in the order of the help.

import { activity } from './activity.ts'
import { affected } from './affected.ts'
import { approve } from './break-glass/approve.ts'
import { end } from './break-glass/end.ts'
import { list } from './break-glass/list.ts'
import { request } from './break-glass/request.ts'
import { review } from './break-glass/review.ts'
import { check } from './check.ts'
import type { Command } from './command.ts'
import { completion } from './completion.ts'
import { connect } from './connect.ts'
import { disclosures } from './disclosures.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { init } from './init.ts'
import { preflight } from './preflight.ts'
import { redact } from './redact.ts'
import { revoke } from './revoke.ts'
import { status } from './status.ts'
import { trail } from './trail.ts'
import { trailDataKeys } from './trail-data-keys.ts'
import { trailExport } from './trail-export.ts'
import { trailHold } from './trail-hold.ts'
import { trailProve } from './trail-prove.ts'
import { trailTiles } from './trail-tiles.ts'
import { trailUnseal } from './trail-unseal.ts'
import { undo } from './undo.ts'
import { verify } from './verify.ts'

export const commands: readonly Command[] = [
  connect,
  check,
  init,
  explain,
  preflight,
  undo,
  status,
  doctor,
  request,
  approve,
  end,
  review,
  list,
  revoke,
  trail,
  trailExport,
  trailTiles,
  trailProve,
  trailUnseal,
  trailDataKeys,
  trailHold,
  disclosures,
  affected,
  activity,
  verify,
  redact,
  completion,
]

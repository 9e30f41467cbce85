// Every command, in the order of the help.

import type { Command } from './command.ts'
import { completion } from './completion.ts'
import { status } from './status.ts'
import { trailExport } from './trail-export.ts'
import { verify } from './verify.ts'

export const commands: readonly Command[] = [status, trailExport, verify, completion]

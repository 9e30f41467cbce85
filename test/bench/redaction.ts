// The rows of redaction alone, in less than a minute: node test/bench/redaction.ts

import { otherWork } from './other-work.ts'
import { redactionTable } from './redaction-report.ts'
import { bundleMemory, compileMilliseconds, redactionFigures } from './redaction-rows.ts'
import { makeWork } from './work.ts'

const { list } = otherWork(await makeWork(0))
const compile = compileMilliseconds(list.policy)
console.log(redactionTable([{ rows: redactionFigures(), memory: bundleMemory(), compile }]))

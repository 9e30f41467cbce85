// The rows of redaction alone, in a few seconds: node test/bench/redaction.ts

import { redactionFigures } from './redaction-rows.ts'

for (const { what, bytes, microseconds, ratio, aim } of redactionFigures())
  console.log(
    `${what.padEnd(32)} ${String(bytes).padStart(9)} B ${microseconds.toFixed(1).padStart(10)} µs  ${ratio.toFixed(2).padStart(6)} × JSON, aim ${aim}`,
  )

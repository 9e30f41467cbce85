// What searching a text costs a character, in a process that is warm: the least of many short looks, most of which nothing interrupts, so that
// a machine that others use says about the same as one by itself. node test/bench/redaction-looks.ts

import { survey } from '../../core/redaction/survey.ts'
import { redactText } from '../../core/redaction/text.ts'
import { adversarialTexts, notesOfWard, ordinaryProse } from './redaction-work.ts'
import { markdown } from './table.ts'

const [characters, warming, looks] = [20_000, 100, 400]

/** Nanoseconds a character. */
function least(run: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < looks; look += 1) {
    const began = process.hrtime.bigint()
    run()
    least = Math.min(least, Number(process.hrtime.bigint() - began))
  }
  return least / characters
}

/** As it comes off a socket: one flat text. */
const flat = (text: string): string => Buffer.from(text).toString('utf8')

function costs(make: (length: number) => string) {
  // Two, turn by turn: of one that was searched last its bytes are still there.
  const texts = [flat(make(characters)), flat(`x ${make(characters)}`.slice(0, characters))]
  const json = flat(JSON.stringify({ text: texts[0] }))
  let turn = 0
  const ours = () => {
    turn += 1
    const rules = { dates: 'Year', text: 'Redact' } as const
    return redactText(texts[turn % 2] as string, survey(), rules, { redacted: {}, dropped: {} })
  }
  const theirs = () => JSON.stringify(JSON.parse(json))
  for (let time = 0; time < warming; time += 1) {
    ours()
    theirs()
  }
  return { ours: least(ours), theirs: least(theirs) }
}

const [notes, prose] = [costs(notesOfWard), costs(ordinaryProse)]
const rows = Object.entries({
  notes,
  prose,
  ...Object.fromEntries(
    Object.entries(adversarialTexts).map(([of, make]) => [`hostile, ${of}`, costs(make)]),
  ),
})
console.log(
  markdown([
    ['text of 20,000 characters', 'ns a character', '× parse and stringify', '× notes', '× prose'],
    ...rows.map(([what, { ours, theirs }]) => [
      what,
      ours.toFixed(2),
      ...[theirs, notes.ours, prose.ours].map((other) => (ours / other).toFixed(2)),
    ]),
  ]),
)

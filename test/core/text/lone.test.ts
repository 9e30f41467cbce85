// Most capitalised words are left after one question of what each means by itself (core/text/module/lone.as): nothing else is found so
// than where the words around are asked about all of them, as a module made without these questions does.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import { lexicon, slotOf, wordHash } from '../../../core/text/lexicon.ts'
import { type Reading, readings } from '../../../core/text/prose.ts'
import type { RuleGroup } from '../../../core/text/search.ts'
import type { Finding } from '../../../core/text/span.ts'
import { labelledNotes, unseenHand } from '../../sample/clinical-notes.ts'
import { verifies } from '../../verifies.ts'
import { textPages, wasmModule } from '../../wasm-module.ts'

type Search = (text: string, reading: Reading, groups: readonly RuleGroup[]) => Finding[]

/** As they stand in lone.as, and what is left without the question. */
const questions = [
  ['if (end > i || mayMean(i) || mayBeOdd(i)) judge(i, end)', 'judge(i, end)'],
  ['if (places && mayHavePlace(from, end) && leadOf(from) >= 0) {', 'if (places && leadOf(from) >= 0) {'],
] as const

const sources = join(import.meta.dirname, '..', '..', '..', 'core', 'text', 'module')

/** The module that asks about every word, as base64. */
async function withoutQuestions(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lone-'))
  try {
    await cp(sources, directory, { recursive: true })
    const path = join(directory, 'lone.as')
    let text = await readFile(path, 'utf8')
    for (const [question, left] of questions) {
      if (!text.includes(question)) throw new Error(`lone.as does not ask: ${question}`)
      text = text.replace(question, left)
    }
    await writeFile(path, text)
    const made = await wasmModule({ path: join(directory, 'text'), name: 'textModule', pages: textPages })
    return made.slice(made.indexOf('`') + 1, made.lastIndexOf('`'))
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function searching(): Promise<Search> {
  vi.resetModules()
  const [{ search }, { survey }] = await Promise.all([
    import('../../../core/text/search.ts'),
    import('../../../core/redaction/survey.ts'),
  ])
  return (text, reading, groups) => search(text, survey(), reading, { groups: new Set(groups) })
}

let found: Search
let foundByAsking: Search

beforeAll(async () => {
  found = await searching()
  const textModule = await withoutQuestions()
  vi.doMock('../../../core/text/module.generated.ts', () => ({ textModule }))
  foundByAsking = await searching()
}, 600_000)

const all: readonly RuleGroup[] = ['forms', 'context', 'known', 'names', 'places', 'shapes']
const asked = [all, ...all.slice(3).map((left) => all.filter((group) => group !== left))]

function expectSame(text: string): void {
  const allOf = (search: Search) =>
    [readings.value, readings.text].map((reading) => asked.map((groups) => search(text, reading, groups)))
  expect(allOf(found), text).toEqual(allOf(foundByAsking))
}

/** One for each combination of lists and classes that rules ask about: as many as the lists and a few thousand words have; and a place of two letters. */
const words =
  `Bell Murphy Cooper Marshall Foley Cullen Turner Down Barrett Barlow Burkitt Kaplan Meckel Morton Rett Reiter Rinne Sims Foster Hurler Leigh
   Pompe Salter Sanders Trendelenburg Maria Parkinson Okonkwo Miami Phoenix Mobile Ohio Texas Washington Icu Ct Mrn Asthma Li Essex Nice Turkey
   Israel Virginia Georgia Denver Troy Cologne Gram White Lane Law Moody Apgar Norwalk Lyme Framingham Bristol Oxford Cambridge Pick Gaucher
   Penny Dawn Summer Autumn April June May March Will Rob Heart Cyst Ca Na St Mt By Dr Salvo With Mild Assessment To Plan Please Example Id Apt
   Oh Her Kin Re Xiomara Aw October And No Study Criteria Bp Cochrane So Saline November Ms Dec Score Post Old Guidelines Can Or Vitals Jin Rn
   Efficacy Ii Mr Minh Pt Incision August Kdigo Lower July Rd County Oct Hr American Yaw Who September Fr Rules Aki Court Palsy Street January
   Ingrid District Mar Pugh Echo Dx Jun Son Thyroiditis Normal Blvd Ada Our Drive Avenue Miss Doctor Professor Rev Sir Dame Maj Judge Sra Sr Do
   Mbbs Phd Pa Dds Iii Iv Homes Plaza Village My Am Because Many Upon Treat Best Contraindication Criterion New Man Level Ward Key Scales
   Oesophagus Agar Purpura Canal Wires Rule Clamp Stent Pump Retractor Gene Cohort Statement Alabama Colorado Delaware Florida Kansas Kentucky
   Maryland Nevada Jersey Mexico Dakota Rhode La Mi Usa England Scotland Wales African Americans Latino Latina Indian German Spanish Russian
   Polish Greek Afghan Hawaiian Pacific Middle North Christian Catholic Baptist Friday Sunday Sun America Asia China India Kenya Lancet Ringer
   Ave Road Ter Turnpike Alley Broadway Suite Del Von Ste Mount Ft San Santa Los Las Lake Upper Saints Nuestra Ed Pet Tia Bun Ast Alt Asa Phi Po
   Vi Ix Ace Ana Peg Un Parish Township Precinct Hamlet Municipality Province Prefecture Beach Ranson Lynch Tanner Leiden Oc
   Hospital Hospice University Academy Methodist Lutheran Medicine Center Memorial Service Offices Church Rehab House Lady Branch Temple Shipyard
   Cc Named Alias Client Sister Caregiver Twin Resident Transferred Born Gleason Braden Charlson Wells National Royal Society Board Council
   Watsonville Bhatt Bellevue Eleanor Sunrise Duke Fargo Mayo Bend Brook Clement Rocky John`.split(/\s+/)
const leads = [
  '',
  'at ',
  'at the ',
  'in ',
  'near the ',
  'moved to ',
  'transferred from our ',
  'seen with ',
  'seen at ',
  'who visited ',
  'is admitted to ',
  'by ',
  'of ',
  'lives. ',
  '12 ',
  'pre-',
]
const behind = ['', '. Then', ' 12', "'s", '-level']

test('the words are of many kinds', () => {
  const { keys, flags, classes } = lexicon()
  const kinds = new Set(
    words.map((word) => {
      const slot = slotOf(keys, wordHash(word, 0, word.length))
      return `${flags[slot]} ${classes[slot]}`
    }),
  )
  expect(kinds.size).toBeGreaterThan(290)
})

verifies('minimum:text', 'what a capitalised word means by itself leaves out nothing that it may be', () => {
  for (const word of words)
    for (const before of leads)
      for (const after of behind)
        for (const written of [word, word.toUpperCase()]) expectSame(`${before}${written}${after} of it`)
})

const text = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...words) },
        { weight: 1, arbitrary: fc.constantFrom(...leads) },
      ),
      fc.constantFrom(' ', ' ', ' ', ' ', '-', ', ', '. ', '\n', "'s ", ' & '),
    ),
    { minLength: 2, maxLength: 8 },
  )
  .map((parts) => parts.flat().join(''))

verifies('minimum:text', 'and nothing that several of them may be together', () => {
  // Two that are acronyms, each, and a town together.
  fc.assert(fc.property(text, expectSame), { numRuns: 6000, examples: [['moved to  Nice Ada ']] })
})

verifies('minimum:text', 'and nothing in notes, whole and by their lines, however they are written', () => {
  const notes = [...labelledNotes(11, 60), ...labelledNotes(12, 60, unseenHand)].map(({ text }) => text)
  const texts = notes.flatMap((note) => [note, ...note.split('\n')])
  for (const text of texts)
    for (const written of [text, text.toUpperCase(), text.toLowerCase()]) expectSame(written)
})

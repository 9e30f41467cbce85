// make eval: redaction of free text through its command line on labelled texts, beside two references in the same run;
// writes the tables of docs/redaction.md.
//
//   node test/eval/eval.ts [--json] [--ablation] [--no-write]

import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dataFolder } from '../support/data-folder.ts'
import { withoutGroups } from './ablation.ts'
import { type Corpus, corpora } from './corpora.ts'
import { detectors } from './detectors.ts'
import { byGroup, byPart, byType, overall, plain, type Row } from './report.ts'
import { score } from './score.ts'
import { between } from './section.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    ablation: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
})

const document = join(import.meta.dirname, '..', '..', 'docs', 'redaction.md')
const says = (line: string): void => console.error(line)

type Judged = {
  corpus: Corpus
  rows: readonly Row[]
  parts: readonly { name: string; score: ReturnType<typeof score> }[]
}

async function judge(corpus: Corpus): Promise<Judged> {
  const rows: Row[] = []
  let parts: Judged['parts'] = []
  for (const detector of detectors) {
    says(`${corpus.name}: ${detector.name}`)
    const judged = await detector.run(corpus.texts)
    if (judged === undefined) {
      says(`${detector.name} is not installed: bash test/setup.sh presidio`)
      continue
    }
    const { findings, msPerKb } = judged
    rows.push({ detector: detector.name, score: score(corpus.texts, findings), msPerKb })
    // Parts are looked at for the first detector alone, which is ours.
    if (rows.length === 1)
      parts = corpus.parts.map(({ name, texts }) => ({ name, score: score(texts, findings) }))
  }
  return { corpus, rows, parts }
}

const judged: Judged[] = []
for (const corpus of await corpora(dataFolder)) judged.push(await judge(corpus))

const sections = judged.map(({ corpus, rows, parts }) =>
  [
    `### ${corpus.name}`,
    corpus.says,
    overall(rows),
    // By types the way of results tells nothing more.
    byType(rows.filter(({ detector }) => !detector.startsWith('a result'))),
    byPart(parts),
    ...(values.ablation ? [byGroup(withoutGroups(corpus.texts))] : []),
  ].join('\n\n'),
)
const machine = `Measured on ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}.`
const text = [...sections, machine].join('\n\n')

if (values.json)
  console.log(
    JSON.stringify(
      judged.map(({ corpus, rows }) => ({ corpus: corpus.name, detectors: rows.map(plain) })),
      null,
      2,
    ),
  )
else console.log(text)

if (!values['no-write']) {
  await writeFile(document, between(await readFile(document, 'utf8'), 'make eval', text))
  says('wrote docs/redaction.md')
}

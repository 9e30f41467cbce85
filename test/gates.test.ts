// Gates of the repository itself: claims have tests, arrows point one way, stages keep their order.

import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { claimsInTests, sourcesBelow, textOf } from './claims.ts'
import { type Requirement, requirements } from './requirements.ts'
import { verifies } from './verifies.ts'

const root = join(import.meta.dirname, '..')

test('every requirement that is claimed has a test, and every test names a requirement that exists', async () => {
  const claims = await claimsInTests()

  const claimed = Object.entries(requirements as Record<string, Requirement>).filter(
    ([, { state }]) => state !== 'planned',
  )

  expect(claimed.map(([id]) => id).filter((id) => !claims.has(id))).toEqual([])
  expect([...claims.keys()].filter((id) => !Object.hasOwn(requirements, id))).toEqual([])
})

/** Files that git knows, of these patterns or all. */
function filesOfGit(...patterns: string[]): string[] {
  const { stdout } = spawnSync('git', ['ls-files', ...patterns], { cwd: root, encoding: 'utf8' })
  return stdout.split('\n').filter((name) => name !== '')
}

/** Who may import whom. `crds <- core <- programs`; programs never import each other. */
const arrows: { [folder: string]: readonly string[] } = {
  crds: ['crds', 'core'],
  core: ['crds', 'core'],
  sidecar: ['crds', 'core', 'sidecar'],
  operator: ['crds', 'core', 'operator'],
  collector: ['crds', 'core', 'collector'],
  cli: ['crds', 'core', 'cli'],
}

/**
 * One judgement, one place: what admission will say, and what of a workload is ours, is asked where it is decided. Pure, with
 * nothing of the operator behind it.
 */
const doors: { [folder: string]: readonly string[] } = {
  cli: [
    'operator/admission/asked.ts',
    'operator/admission/change-of-user.ts',
    'operator/admission/judge.ts',
    'operator/admission/loopback.ts',
    'operator/admission/observed.generated.ts',
    'operator/admission/pod.ts',
    'operator/admission/surroundings.ts',
    'operator/desired/template-annotation.ts',
    'operator/evidence/at-rest.ts',
    'operator/objects.ts',
    'operator/rollout/strategy.ts',
  ],
}

test('imports point one way: crds <- core <- operator, sidecar, collector, cli', async () => {
  const wrong: string[] = []
  for (const [folder, allowed] of Object.entries(arrows)) {
    for (const file of await sourcesBelow(folder)) {
      for (const [, target] of (await textOf(file)).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
        const path = normalize(join(dirname(file), target as string))
        const to = path.split('/')[0] as string
        if (doors[folder]?.includes(path) === true) continue
        if (to !== 'package.json' && !allowed.includes(to)) wrong.push(`${file} imports ${target}`)
      }
    }
  }

  expect(wrong).toEqual([])
})

/** A node of a CRD's schema, as far as the walk below needs it. */
type Schema = {
  description?: string
  default?: unknown
  required?: string[]
  properties?: { [name: string]: Schema }
  items?: Schema
}

/** What becomes of a field that is left out, or who writes it then. */
const saysOmitted =
  /\b[Oo]mitted\b|\b[Dd]efault\b|\bRequired\b|\bEither this or\b|\bOne of the\b|\bWritten by admission\b|\b[Nn]eeded only\b|\b[Ww]ithout it\b/
const isPlain = (value: unknown): boolean => value !== undefined && typeof value !== 'object'

test('every field of every kind says in kubectl explain what it is, and what it is when it is left out', async () => {
  const silent: string[] = []
  const look = ({ properties = {}, required = [], items }: Schema, path: string): void => {
    for (const [name, field] of Object.entries(properties)) {
      const here = `${path}.${name}`
      const { description, default: value } = field
      if (description === undefined) silent.push(here)
      // A selector's labels stand for what the selector says.
      else if (path.includes('.yaml.spec') && !required.includes(name) && name !== 'matchLabels') {
        if (!saysOmitted.test(description)) silent.push(`${here}, left out`)
        if (isPlain(value) && !description.includes(String(value))) silent.push(`${here}, its default`)
      }
      look(field, here)
    }
    if (items !== undefined) look(items, `${path}[]`)
  }
  const kinds = (await readdir(join(root, 'crds'))).filter(
    (file) => file.endsWith('.yaml') && file !== 'kustomization.yaml',
  )
  for (const file of kinds) {
    const { spec } = parse(await textOf(join('crds', file))) as {
      spec: { versions: { schema: { openAPIV3Schema: Schema } }[] }
    }
    for (const { schema } of spec.versions) look(schema.openAPIV3Schema, file)
  }

  expect(kinds.length).toBeGreaterThan(3)
  // The API server knows these three of every kind.
  expect(silent.filter((path) => !/^\w+\.yaml\.(?:apiVersion|kind|metadata)$/.test(path))).toEqual([])
})

test('core does no I/O and reads no clock', async () => {
  const forbidden =
    /from 'node:(fs|net|http|https|tls|dns|child_process|fs\/promises)'|\bDate\.now\(|new Date\(\)|performance\.now|\bprocess\.\w/
  const wrong: string[] = []
  for (const file of await sourcesBelow('core')) if (forbidden.test(await textOf(file))) wrong.push(file)

  expect(wrong).toEqual([])
})

test('nothing in the repository names a machine path or is unfinished', async () => {
  const wrong: string[] = []
  const texts = filesOfGit('*.ts', '*.md', '*.yaml', '*.go', '*.sh', 'Makefile')
  for (const file of texts.filter((name) => name !== 'test/gates.test.ts')) {
    const text = await textOf(file).catch(() => '')
    if (/\/work\/|\b(TODO|FIXME|XXX|HACK)\b/.test(text)) wrong.push(file)
  }

  expect(wrong).toEqual([])
})

test('every file that a document names exists, and every folder of a program is explained', async () => {
  const tracked = filesOfGit()
  const documents = tracked.filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
  const known = (name: string) => tracked.some((file) => file === name || file.startsWith(name))
  const wrong: string[] = []
  for (const document of documents) {
    const text = await textOf(document)
    const paths = text.matchAll(
      /(?<![\w/.-])(?:docs|test|core|sidecar|operator|collector|cli|config|crds)\/[\w/.-]*\w\.\w+/g,
    )
    for (const [path] of paths) if (!known(path)) wrong.push(`${document} names ${path}`)
    for (const [, link] of text.matchAll(/\]\(([\w./-]+)\)/g))
      if (!known(normalize(join(dirname(document), link as string))))
        wrong.push(`${document} links to ${link}`)
  }
  const architecture = await textOf('docs/architecture.md')
  const folders = new Set(
    tracked.flatMap((file) => /^(?:sidecar|operator|collector|cli)\/[\w-]+\//.exec(file) ?? []),
  )
  for (const folder of folders)
    if (!architecture.includes(`\`${folder}\``))
      wrong.push(`docs/architecture.md does not say what ${folder} holds`)

  expect(wrong).toEqual([])
})

test('files that tests share leave hooks to the tests', async () => {
  // A module is loaded once for many test files: a hook at its top level would run for the first of them alone.
  const wrong: string[] = []
  for (const file of await sourcesBelow('test'))
    if (!file.endsWith('.test.ts') && /^(after|before)(All|Each)\(/m.test(await textOf(file)))
      wrong.push(file)

  expect(wrong).toEqual([])
})

/**
 * Compiles texts as if they stood where the pipeline stands: their imports are the real ones. All in one run, since each
 * run reads the whole sidecar first. Resolves to the names of those in which the compiler finds nothing wrong.
 */
async function compiling(texts: ReadonlyMap<string, string>): Promise<string[]> {
  // Beside the sources, not among them: whoever builds an image meanwhile would take it along.
  await mkdir(join(root, 'out'), { recursive: true })
  const folder = await mkdtemp(join(root, 'out', 'order-'))
  try {
    const files = new Map([...texts.keys()].map((name, at) => [name, `pipeline-${at}.ts`]))
    for (const [name, text] of texts)
      await writeFile(join(folder, files.get(name) as string), text.replaceAll("'./", "'../../sidecar/"))
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        // A stage that is left out leaves its import unused: that alone must not pass for the guard.
        compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
        include: ['pipeline-*.ts'],
      }),
    )
    const run = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '--pretty', 'false', '-p', '.'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const wrong = run.stdout.split('\n').filter((line) => /^\S.*: error TS/.test(line))
    const elsewhere = wrong.filter((line) => !/^pipeline-\d+\.ts\(/.test(line))
    if (elsewhere.length > 0 || run.error !== undefined) throw new Error(`tsc: ${elsewhere.join('\n')}`)
    return [...files]
      .filter(([, file]) => !wrong.some((line) => line.startsWith(`${file}(`)))
      .map(([name]) => name)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A line of a program that has a text from elsewhere. */
const logging = (line: string): string => `import { codeOf, idOf, jsonLog } from './log.ts'
import { metricSet } from './metrics.ts'
declare const given: string
declare const error: Error
const log = jsonLog()
const metrics = metricSet('clinic/ehr')
${line}
export const used = [codeOf, idOf, log, metrics, given, error]
`

verifies(
  'transmission:own-logs',
  'a log line or a label that holds a text from elsewhere does not compile',
  async () => {
    const well = [
      `log.info('Calls are served', { port: 1 })`,
      `log.warn('It failed', { error: codeOf(error), server: idOf(given), attempt: 2 })`,
      `log.info(given === '' ? 'One' : 'Another', { reason: given === '' ? 'one' : 'another' })`,
      `metrics.calls.refusal({ reason: 'tool-unknown', stage: 'authorize' })`,
      `metrics.gauge({ name: 'x', description: 'x', read: () => [{ value: 1, labels: { reason: idOf(given) } }] })`,
      `log.info('Once', { ...(given === '' ? {} : { reason: 'once' }) })`,
    ]
    const wrong = [
      'log.info(given)',
      'log.info(`Served ${given}`)',
      'log.error(error.message)',
      'log.error(String(error))',
      `log.warn('It failed', { reason: given })`,
      "log.warn('It failed', { reason: `r-${given}` })",
      `log.warn('It failed', { error: error.message })`,
      `log.warn('It failed', { ...(given === '' ? {} : { reason: given }) })`,
      `log.warn('It failed', { patient: 'p-100' })`,
      `log.warn('It failed', { reason: { given } })`,
      `const fields = { reason: given }; log.warn('It failed', fields)`,
      `metrics.calls.refusal({ reason: given, stage: 'authorize' })`,
      `metrics.calls.fault({ stage: 'trail', name: error.message })`,
      `metrics.egress('opened', { kind: given })`,
      `metrics.gauge({ name: 'x', description: 'x', read: () => [{ value: 1, labels: { reason: given } }] })`,
      `metrics.gauge({ name: 'x', description: 'x', read: () => [{ value: 1, labels: { patient: idOf(given) } }] })`,
    ]

    const fine = await compiling(new Map([...well, ...wrong].map((line) => [line, logging(line)])))

    expect(fine).toEqual(well)
  },
  120_000,
)

/** What may be an id in a log or in a label: names of objects, of parts of ours, of times. */
const ids = new Set(
  `namespace name key source source.url origin locked stuck reason given.reason kind.kind request.metadata.name
   config.pod.name inForce.hash seen.stage seen.name server tool type controller one.kind.kind
   parts.namespace parts.server keyId witness vkey resource kind review id version`.split(/\s+/),
)

verifies(
  'transmission:own-logs',
  'every id is one of those that are listed, and nothing else writes',
  async () => {
    const wrong: string[] = []
    for (const folder of ['core', 'sidecar', 'operator', 'collector'])
      for (const file of await sourcesBelow(folder)) {
        const text = await textOf(file)
        for (const [, name = ''] of text.matchAll(/(?<!function )\bidOf\(((?:[^()]|\([^()]*\))*)\)/g))
          if (!name.includes(': ') && !ids.has(name) && !compound.has(name))
            wrong.push(`${file}: idOf(${name})`)
        if (/\bconsole\.|process\.std(?:out|err)\b|\bdebuglog\b|\bpino\(/.test(text) && !writers.has(file))
          wrong.push(`${file} writes by itself`)
      }

    expect(wrong).toEqual([])
  },
)

const compound = new Set([
  '`${namespace}/${name}`',
  "`${metadata.namespace ?? ''}/${metadata.name}`",
  '`${sidecar.namespace}/${sidecar.server}`',
  "[asked.resource.resource, asked.subResource].filter(Boolean).join('/')",
  'new Date(obtained.serverUntil).toISOString()',
])

/** The three logs themselves, what is not run by a server, and the wrapper, whose lines are judged by tests of its own. */
const writers = new Set([
  'sidecar/log.ts',
  'operator/log.ts',
  'collector/log.ts',
  'sidecar/cni/log.ts',
  'sidecar/wrapper/main.ts',
  'sidecar/wrapper/install.ts',
  'core/text/lexica/build.ts',
])

test('in every pipeline, stages out of order and a stage left out do not compile', {
  timeout: 120_000,
}, async () => {
  const text = await textOf('sidecar/pipeline.ts')
  const lines = text.split('\n')
  const stages = lines.flatMap((line, at) => (/^\s+\.stage\(/.test(line) ? [at] : []))
  expect(stages.length).toBeGreaterThanOrEqual(7)

  // Every single stage, and every neighbouring pair: one that compiles would be a control that can be skipped.
  const texts = new Map([['as it stands', text]])
  for (const at of stages) {
    texts.set(`line ${at + 1} left out`, lines.toSpliced(at, 1).join('\n'))
    if (!stages.includes(at + 1)) continue
    const swapped = lines.toSpliced(at, 2, lines[at + 1] as string, lines[at] as string)
    texts.set(`lines ${at + 1} and ${at + 2} swapped`, swapped.join('\n'))
  }

  expect(await compiling(texts)).toEqual(['as it stands'])
})

// Runs the named tiers one after the other, `a+b` side by side (where either waits more than it works), and ends with one line that counts everything:
// `N passed, N failed, N skipped`. A step without tests of its own (types, lint) counts as one.

import { execFile, spawn } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { up } from './cluster/cluster.ts'

/**
 * `faults`: what failed, by file and test, with the first line of why; said once more at the end, where one looks. `unsteady`: what
 * failed first and passed when it was tried again.
 */
type Counts = {
  passed: number
  failed: number
  skipped: number
  faults?: readonly string[]
  unsteady?: readonly string[]
}
type Step = { says: string; run: () => Promise<Counts> }

const root = join(import.meta.dirname, '..')
const out = join(root, 'out')

/** Runs a command with our own standard streams. Resolves to its exit code. */
async function command(name: string, args: readonly string[]): Promise<number> {
  return await new Promise((resolve, reject) => {
    const child = spawn(name, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)))
  })
}

const once =
  (name: string, ...args: string[]) =>
  async (): Promise<Counts> => {
    const code = await command(name, args)
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  }

const run = promisify(execFile)

/** TypeScript files that differ from the last commit, or undefined where git cannot tell. */
async function changedSources(): Promise<string[] | undefined> {
  const asks = [
    ['diff', '--name-only', '--diff-filter=d', 'HEAD', '--', '*.ts'],
    ['ls-files', '--others', '--exclude-standard', '--', '*.ts'],
  ]
  const answers = await Promise.all(asks.map(async (ask) => await run('git', ask, { cwd: root }))).catch(
    () => undefined,
  )
  return answers?.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
}

const everyRule = ['--type-aware', '--quiet', '--no-error-on-unmatched-pattern']

/** Format, and each rule that needs no types, everywhere; those that need types where something changed. */
async function lintChanged(): Promise<Counts> {
  const changed = (await changedSources()) ?? ['.']
  const whole = 'biome ci --error-on-warnings . && oxlint --quiet'
  return await once(
    'bash',
    '-c',
    changed.length === 0 ? whole : `${whole} && oxlint "$@"`,
    'lint',
    ...everyRule,
    ...changed,
  )()
}

/** One vitest project. A run that dies before it reports counts as one failure. */
const tests =
  (project: string, ...options: string[]) =>
  async (): Promise<Counts> => {
    const report = join(out, `${project}.json`)
    await rm(report, { force: true })
    const code = await command('vitest', [
      'run',
      '--project',
      project,
      ...options,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ])
    const text = await readFile(report, 'utf8').catch(() => undefined)
    if (text === undefined) return { passed: 0, failed: 1, skipped: 0 }
    const told = JSON.parse(text) as Report
    const failed = told.numFailedTests
    return {
      passed: told.numPassedTests,
      // A file that does not load, or an error between tests, fails the run without failing a test.
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: told.numPendingTests + told.numTodoTests,
      faults: told.testResults.flatMap(faultsOf),
      unsteady: told.testResults.flatMap(unsteadyOf),
    }
  }

/** What is read here of vitest's JSON report. */
type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: readonly FileResult[]
}
type FileResult = {
  name: string
  status: string
  message?: string
  assertionResults: readonly {
    fullName: string
    status: string
    failureMessages?: readonly string[] | null
  }[]
}

function faultsOf(file: FileResult): string[] {
  const name = relative(root, file.name)
  const failed = file.assertionResults.filter(({ status }) => status === 'failed')
  if (failed.length > 0) return failed.map((test) => faultOf(name, test))
  return file.status === 'failed' ? [`${name}: ${firstLine(file.message)}`] : []
}

function unsteadyOf({ name, assertionResults }: FileResult): string[] {
  return assertionResults
    .filter(({ status, failureMessages }) => status === 'passed' && (failureMessages ?? []).length > 0)
    .map((test) => faultOf(relative(root, name), test))
}

const faultOf = (
  name: string,
  { fullName, failureMessages }: FileResult['assertionResults'][number],
): string => `${name}: ${fullName}\n    ${firstLine(failureMessages?.[0])}`

const firstLine = (text = ''): string => text.split('\n', 1)[0] as string

/** These run on a real node, which starts before the first of them and ends after the last. */
const onCluster = new Set(['node', 'bypass', 'bypass-sample', 'e2e', 'nightly'])

const steps: { [name: string]: Step } = {
  types: { says: 'types', run: once('tsc', '--noEmit') },
  // For the loop alone: what is declared for everybody (`declare global`) and changes is not looked at in files that did not.
  'changed-types': {
    says: 'types of what changed',
    run: once('tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', join(out, 'types.tsbuildinfo')),
  },
  lint: {
    says: 'format and lint',
    run: once('bash', '-c', 'biome ci --error-on-warnings . && oxlint --type-aware --quiet'),
  },
  'changed-lint': { says: 'format, and lint of what changed', run: lintChanged },
  unused: { says: 'unused code and dependencies', run: once('knip') },
  generated: { says: 'generated files are current', run: once('node', 'test/generate.ts', '--check') },
  // One worker more than the cores of a small machine: many of these tests wait for a socket.
  unit: { says: 'unit tests', run: tests('unit', '--maxWorkers=3') },
  path: { says: 'the request path', run: tests('path', '--maxWorkers=3') },
  integration: { says: 'integration tests: programs, disks, stores', run: tests('integration') },
  node: { says: 'integration tests on a real node', run: tests('node') },
  bypass: { says: 'ways around the product', run: tests('bypass') },
  'bypass-sample': {
    says: 'ways around the product, some of each kind',
    run: async () => {
      process.env['HIPAA_MCP_BYPASS'] = 'sample'
      return await tests('bypass')().finally(() => delete process.env['HIPAA_MCP_BYPASS'])
    },
  },
  e2e: { says: 'end to end on a real node', run: tests('e2e') },
  nightly: { says: 'long tests', run: tests('nightly') },
}

const turns = process.argv.slice(2).map((turn) => turn.split('+'))
const names = turns.flat()
const unknown = names.filter((name) => steps[name] === undefined)
if (unknown.length > 0 || names.length === 0) {
  console.error(`usage: node test/run.ts STEP[+STEP]...   steps: ${Object.keys(steps).join(' ')}`)
  process.exit(2)
}

await mkdir(out, { recursive: true })
const began = performance.now()
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
const ended: string[] = []
const cluster = names.some((name) => onCluster.has(name))
  ? await up({ log: (line) => console.error(line) })
  : undefined
if (cluster !== undefined) {
  process.env['KUBECONFIG'] = cluster.kubeconfig
  process.env['HIPAA_MCP_CLUSTER'] = cluster.name
}

async function take(name: string): Promise<void> {
  const step = steps[name] as Step
  const from = performance.now()
  console.log(`\n── ${step.says}`)
  const counts = await step.run()
  const said = `${step.says}: ${counts.failed === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - from) / 1000).toFixed(1)} s`
  console.log(`── ${said}`)
  ended.push(
    said,
    ...(counts.faults ?? []).map((fault) => `  ${fault}`),
    ...(counts.unsteady ?? []).map((fault) => `  passed when it was tried again: ${fault}`),
  )
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key]
}

try {
  for (const turn of turns) {
    // Each to its end, before the cluster below it goes.
    for (const step of await Promise.allSettled(turn.map(take)))
      if (step.status === 'rejected') throw step.reason
  }
} finally {
  // KEEP=1 leaves the node for a closer look; `make cluster-down` ends it.
  if (cluster !== undefined && process.env['KEEP'] !== '1') await cluster.down()
}
console.log(`\n${ended.join('\n')}`)
console.log(`in ${((performance.now() - began) / 1000).toFixed(0)} s`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)

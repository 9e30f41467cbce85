import { existsSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** One project a tier: `make unit`, `make integration`, `make e2e`, `make bypass` each name theirs. */
const tier = (name: string, include: string[], options: object = {}) => ({
  test: {
    name,
    include,
    environment: 'node' as const,
    setupFiles: [join(import.meta.dirname, 'test', 'support', 'seed.ts')],
    ...options,
  },
})

/**
 * What stands on sockets, disks and clocks of a machine that does other things too is tried once more where it fails, and said
 * (test/run.ts). `HIPAA_MCP_RETRY=0`: not so, as in `make nightly`.
 */
const again = { retry: process.env['HIPAA_MCP_RETRY'] === '0' ? 0 : 1 }

const patient = { testTimeout: 120_000, hookTimeout: 600_000, expect: { poll: { timeout: 20_000 } } }
const serial = { ...patient, fileParallelism: false, maxWorkers: 1 }

/** These share one API server, and what is there once in a cluster. The other integration tests share nothing. */
const onNode = [
  'test/integration/{admission,admission-around,admission-observed,cluster,cluster-policies,collector-auditor,grants,operator-crds,operator-reconcile,policy-linter}.test.ts',
]

/**
 * Whole programs over real sockets, disks and time, and what takes long: they stand beside what they test, and run with
 * the integration tests, so that the loop stays short.
 */
const wholePrograms = [
  'test/sidecar/health/run.test.ts',
  'test/sidecar/requests/hostile-server.test.ts',
  'test/sidecar/requests/fhir-oracle.test.ts',
  'test/sidecar/controls/streams-end.test.ts',
  'test/sidecar/trail/{stream,killed,segment,both}.test.ts',
  'test/sidecar/trail/succession.test.ts',
  'test/sidecar/channel/channel.test.ts',
  'test/sidecar/orders/orders.test.ts',
  'test/sidecar/egress/agreement.test.ts',
  'test/sidecar/stdio/wrapper.test.ts',
  'test/sidecar/cni/{install,plugin}.test.ts',
  'test/operator/cluster/{list-watch,leader}.test.ts',
]

/** Need no node: among the integration tests before a merge, and with the attempts where all of these are tried. */
const guard = 'test/bypass/guard{,-container,-families}.test.ts'
const sampled = process.env['HIPAA_MCP_BYPASS'] === 'sample'

/** The request path over real sockets, whole and in parts. Quick, but many: after the loop, before the rest. */
const requestPath = ['test/sidecar/{requests,stdio,http1,controls,egress}/**/*.test.ts']

/**
 * Thousands of random documents, megabytes of hostile text, whole command lines, servers that are started and stopped: beside
 * the request path, since the loop is short.
 */
const lengthy = [
  'test/core/{arguments,text}/time.test.ts',
  'test/core/redaction/{edit,edit-reader,edit-result,text,fhir-oracle}.test.ts',
  'test/core/{checkpoint,json-scan,tiles,vectors}.test.ts',
  'test/core/sealed/*.test.ts',
  'test/core/{fields/any-resource,export/audit-event}.test.ts',
  'test/core/text/{known,lone}.test.ts',
  'test/core/lint/lint.test.ts',
  'test/cli/{activity,affected,archive-connections,archive-disclosures,break-glass,check,disclosures,doctor,preflight,explain,explain-sidecar,init,init-from,init-propose,main,sources,trail,trail-convert,verify,verify-archive,verify-policy,verify-runs,verify-succession,undo}.test.ts',
  'test/cli/{redact,tiles}/*.test.ts',
  'test/cli/connect/{login,state,proxy}.test.ts',
  'test/collector/{,copies/,kms/,sealing/}*.test.ts',
  'test/operator/admission/lint.test.ts',
  'test/operator/channel/channel.test.ts',
  'test/operator/jwks.test.ts',
  'test/sidecar/identity/*.test.ts',
  'test/{config,conformance,fuzz,sample}/**/*.test.ts',
  'test/gates.test.ts',
  'test/sidecar/trail/chain.test.ts',
  'test/bench/work.test.ts',
]

/**
 * Threads that share their modules: starting anew for each file costs more than all tests together. No module keeps state
 * that a test could leave behind, and the shuffled order of every run would show one that did.
 */
const together = {
  pool: 'threads' as const,
  isolate: false,
  sequence: { shuffle: { files: true } },
  // A busy machine is no fault: the waits inside a test have their own words, and are shorter.
  testTimeout: 20_000,
  expect: { poll: { timeout: 10_000 } },
}

/**
 * Files of the loop lie in memory where the system has a folder for that: a busy disk's fsync was a third of the loop's time.
 * Real disks are for the integration tests.
 */
const inMemory = { env: { TMPDIR: roomy('/dev/shm') ?? tmpdir() } }

/** Containers have 64 MB there by default, which one file of tests may fill. */
function roomy(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize > 512 * 2 ** 20 ? folder : undefined
}

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      tier(
        'unit',
        [
          'test/{core,crds,sidecar,operator,collector,cli,config,sample,demo,bench,eval,conformance}/**/*.test.ts',
          'test/*.test.ts',
        ],
        { ...together, ...inMemory, exclude: [...wholePrograms, ...requestPath, ...lengthy] },
      ),
      tier('path', [...requestPath, ...lengthy], {
        ...together,
        // One of them asks of every word that is known, in every way of writing it: 15 s of a core.
        testTimeout: 60_000,
        ...again,
        ...inMemory,
        exclude: wholePrograms,
      }),
      tier('integration', ['test/integration/**/*.test.ts', ...wholePrograms, guard], {
        ...patient,
        ...again,
        exclude: onNode,
        maxWorkers: 2,
      }),
      tier('node', onNode, { ...serial, ...again }),
      // Longer than any wait inside a test, so that the wait's own words are what one reads.
      tier('e2e', ['test/e2e/**/*.test.ts'], { ...serial, testTimeout: 400_000 }),
      // Never again: a way around that opens once is one.
      tier('bypass', ['test/bypass/**/*.test.ts'], {
        ...serial,
        ...(sampled ? { exclude: [guard] } : {}),
      }),
      tier('nightly', ['test/nightly/**/*.test.ts'], serial),
    ],
  },
})

import { defineConfig } from 'vitest/config'

/** One project a tier: `make unit`, `make integration`, `make e2e`, `make bypass` each name theirs. */
const tier = (name: string, include: string[], options: object = {}) => ({
  test: { name, include, environment: 'node' as const, ...options },
})

const serial = { fileParallelism: false, maxWorkers: 1, testTimeout: 120_000, hookTimeout: 600_000 }

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      tier('unit', [
        'test/{core,crds,sidecar,operator,collector,cli,config,sample,demo,bench}/**/*.test.ts',
        'test/*.test.ts',
      ]),
      tier('integration', ['test/integration/**/*.test.ts'], serial),
      tier('e2e', ['test/e2e/**/*.test.ts'], serial),
      tier('bypass', ['test/bypass/**/*.test.ts'], serial),
      tier('nightly', ['test/nightly/**/*.test.ts'], serial),
    ],
  },
})

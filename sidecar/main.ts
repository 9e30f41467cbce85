// The sidecar's process: environment, signals, exit code. run.ts does the rest.

import product from '../package.json' with { type: 'json' }
import { BadConfig, type Config, readConfig } from './config.ts'
import { codeOf, idOf, jsonLog, settingsOf } from './log.ts'
import { run } from './run.ts'

const log = jsonLog()

/** Time for callers to hear that their calls are not recorded, before the process ends. Milliseconds. */
const farewell = 250

function end(reason: string): void {
  log.error('The sidecar cannot go on; the next process begins anew', { reason: idOf(reason) })
  process.exitCode = 1
  setTimeout(() => process.exit(1), farewell)
}

function configuration(): Config {
  let config: Config
  try {
    config = readConfig(process.env)
  } catch (error) {
    if (error instanceof BadConfig)
      log.error('The environment is not what admission sets', { variable: settingsOf(error) })
    else log.error('The environment cannot be read', { error: codeOf(error) })
    process.exit(1)
  }
  return config
}

const config = configuration()
const { namespace, name } = config.server
log.info('The sidecar starts', {
  server: idOf(`${namespace}/${name}`),
  pod: idOf(config.pod.name),
})
const running = await run({ config, version: product.version, log, onFatal: end })

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return
    stopping = true
    running.stop().then(
      () => {
        log.info('The chain is closed and everything has ended')
        process.exit(process.exitCode ?? 0)
      },
      (error: unknown) => {
        log.error('The end of the chain could not be recorded; the collector finds it by itself', {
          error: codeOf(error),
        })
        process.exit(1)
      },
    )
  })
}

// Ends a daemon of the test node and starts it anew as it was: what a node is without it.

import { readFile } from 'node:fs/promises'
import { running } from '../../cluster/cluster.ts'
import { daemons, startDaemon } from '../../cluster/processes.ts'
import { takenSlots } from '../../cluster/slot.ts'
import { until } from '../../demo/kubectl.ts'

/** Ends it. Resolves to what starts it anew, by the same command line. Its settings in the environment are given. */
export async function endDaemon(
  name: string,
  env: Record<string, string> = {},
): Promise<() => Promise<void>> {
  const { state } = await running()
  const slot = (await takenSlots()).find((one) => one.state === state)
  const daemon = async () => (await daemons(state)).find((one) => one.name === name && one.runs)
  const found = await daemon()
  if (slot === undefined || found === undefined) throw new Error(`The test node has no ${name} that runs`)
  const line = (await readFile(`/proc/${found.pid}/cmdline`, 'utf8'))
    .split('\0')
    .filter((word) => word !== '')
  process.kill(found.pid, 'SIGTERM')
  await until(`${name} has ended`, 30, async () => ((await daemon()) === undefined ? true : undefined))
  return async () => {
    await startDaemon(slot, { name, env, command: line as [string, ...string[]] })
  }
}

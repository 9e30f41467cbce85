// The kernel ends the sidecar for want of memory while calls are in flight, and the kubelet starts it anew.

import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { until } from '../../demo/kubectl.ts'
import { verifies } from '../../verifies.ts'
import { answeredAgain, underLoad } from './load.ts'
import {
  diagnosesSince,
  openIntents,
  podsOf,
  processInPod,
  programs,
  type Stage,
  upstreamReads,
  verifiedTrail,
} from './stage.ts'

type Ended = { reason: string; exitCode: number }
type Pod = {
  status: { initContainerStatuses: { name: string; lastState: { terminated?: Ended } }[] }
}

/** A group of version 1 of control groups and one of version 2: where it is, and its files. */
const kinds = [
  {
    line: /^\d+:memory:(.+)$/m,
    tree: 'memory',
    used: 'memory.usage_in_bytes',
    limit: 'memory.limit_in_bytes',
  },
  { line: /^0::(.+)$/m, tree: '', used: 'memory.current', limit: 'memory.max' },
] as const

/** Leaves a process, and all else of its container, the memory that they have by now and no more, until the kernel ends it. */
async function leaveNoMemory(pid: number): Promise<void> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8')
  for (const { line, tree, used, limit } of kinds) {
    const group = line.exec(groups)?.[1]
    if (group === undefined) continue
    const folder = join('/sys/fs/cgroup', tree, group)
    // Version 1 refuses less than what is used at this moment and cannot be given back: a little more, then, which calls take.
    await until('the process was ended', 60, async () => {
      if (!existsSync(`/proc/${pid}`)) return true
      const bytes = Number(await readFile(join(folder, used), 'utf8'))
      for (const left of [0.8 * bytes, 0.95 * bytes, bytes + 65_536]) {
        const set = await writeFile(join(folder, limit), String(Math.floor(left))).then(
          () => true,
          () => false,
        )
        if (set) break
      }
      return undefined
    })
    return
  }
  throw new Error(`process ${pid} is in no group that counts its memory`)
}

export function outOfMemory(stage: Stage): void {
  verifies(
    'audit:acknowledged-is-kept',
    'the kernel ends the sidecar for want of memory under load',
    async () => {
      const { kubectl } = stage()
      const [pod] = await podsOf(stage(), 'clinic', 'app=ehr-mcp')
      const since = Date.now()
      const readsBefore = await upstreamReads(stage())

      const { answered, refused } = await underLoad(
        stage,
        400,
        async () => await leaveNoMemory(await processInPod(programs.sidecar, pod?.uid ?? '')),
      )
      const ended = await until('the kubelet says how the sidecar ended', 60, async () => {
        const seen = await kubectl.get<Pod>('pod', pod?.name ?? '', '-n', 'clinic')
        return seen?.status.initContainerStatuses.find(({ name }) => name === 'hipaa-mcp')?.lastState
          .terminated
      })
      await answeredAgain(stage)

      const reads = (await upstreamReads(stage())) - readsBefore
      const { records } = await verifiedTrail(stage(), 'out-of-memory')
      const trail = diagnosesSince(records, since)
      console.log(
        `    ${ended.reason}: ${answered} answered, refused ${JSON.stringify(refused)}, ${trail.intents.length} intents, ${trail.answered.length} results, ${reads} reads upstream`,
      )
      expect(ended).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
      // The same pod goes on: its filter stood all the while, and its container came back by itself.
      expect((await podsOf(stage(), 'clinic', 'app=ehr-mcp')).map(({ uid }) => uid)).toContain(pod?.uid)
      expect(answered).toBeGreaterThan(0)
      expect(trail.answered.length).toBeGreaterThanOrEqual(answered)
      expect(reads).toBeLessThanOrEqual(trail.intents.length)
      expect(openIntents(records)).toEqual([])
    },
    400_000,
  )
}

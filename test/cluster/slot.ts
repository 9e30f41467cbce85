// Which addresses and kernel names a cluster uses. They are the machine's, not a checkout's, so they are shared out
// under /run, where a reboot forgets them together with the things they named.

import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withLock } from '../../config/image/cache.ts'
import { run } from '../../config/image/run.ts'

const folder = '/run/hipaa-mcp-clusters'
const slots = 16

/** Everything about a cluster that must differ from its neighbour's. */
export type Slot = {
  number: number
  name: string
  /** The folder of all its files. */
  state: string
  /** Name of its link on the host, and of its control groups. */
  link: string
  hostIP: string
  nodeIP: string
  podRange: string
  serviceRange: string
  /** The API server's Service, and the cluster's DNS server. */
  apiServiceIP: string
  dnsIP: string
}

function slotOf(number: number, name: string, state: string): Slot {
  const services = `10.${144 + number}`
  return {
    number,
    name,
    state,
    link: `hipaa-mcp-${number}`,
    hostIP: `10.99.${number}.1`,
    nodeIP: `10.99.${number}.2`,
    podRange: `10.${128 + number}.0.0/16`,
    serviceRange: `${services}.0.0/16`,
    apiServiceIP: `${services}.0.1`,
    dnsIP: `${services}.0.10`,
  }
}

/** Every slot that is taken on this machine, by whomever. */
export async function takenSlots(): Promise<Slot[]> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => /^\d+$/.test(file))
  const found: Slot[] = []
  for (const file of files) {
    const { name, state } = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
      name: string
      state: string
    }
    found.push(slotOf(Number(file), name, state))
  }
  return found
}

/** Takes a free slot whose addresses the machine does not route elsewhere. The same state folder keeps its slot. */
export async function takeSlot(name: string, state: string): Promise<Slot> {
  return await locked(async () => {
    const taken = await takenSlots()
    const own = taken.find((slot) => slot.state === state)
    if (own) return own
    const routed = await routes()
    for (let number = 0; number < slots; number++) {
      const slot = slotOf(number, name, state)
      const wanted = [slot.podRange, slot.serviceRange, `${slot.nodeIP}/24`]
      if (
        taken.some((other) => other.number === number) ||
        routed.some((r) => wanted.some((w) => overlap(r, w)))
      )
        continue
      await writeFile(join(folder, String(number)), JSON.stringify({ name, state }))
      return slot
    }
    throw new Error(
      `No free address range among ${slots}: end other test clusters (node test/cluster/main.ts down --all) or remove routes to 10.99.0.0/16 and 10.128.0.0/11`,
    )
  })
}

/** Gives the slot back. To be called when nothing that bears its names is left. */
export async function releaseSlot(slot: Slot): Promise<void> {
  await locked(async () => {
    await rm(join(folder, String(slot.number)), { force: true })
  })
  // Refused while it holds another cluster's slot, or its lock: then it is theirs to remove.
  await rmdir(folder).catch(() => undefined)
}

async function locked<Result>(work: () => Promise<Result>): Promise<Result> {
  await mkdir(folder, { recursive: true })
  return await withLock(`${folder}/lock`, work)
}

/** Ranges that the host already has addresses in or routes for. */
async function routes(): Promise<string[]> {
  const listed = JSON.parse(await run('ip', ['-json', '-4', 'route', 'show', 'table', 'all'])) as {
    dst: string
  }[]
  return listed.map(({ dst }) => dst).filter((dst) => dst !== 'default')
}

function overlap(a: string, b: string): boolean {
  const [first, second] = [range(a), range(b)]
  return first.from <= second.to && second.from <= first.to
}

function range(cidr: string): { from: number; to: number } {
  const [address = '', bits = '32'] = cidr.split('/')
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - Number(bits))
  const from = Math.floor(value / size) * size
  return { from, to: from + size - 1 }
}

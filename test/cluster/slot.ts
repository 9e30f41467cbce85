// Which addresses and kernel names a cluster uses. They are the machine's, not a checkout's, so they are shared out
// under /run, where a reboot forgets them together with the things they named.

import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { withLock } from '../../config/image/cache.ts'
import { run } from '../../config/image/run.ts'
import { type Addresses, addressesOf, type Family } from './addresses.ts'

const folder = '/run/hipaa-mcp-clusters'
const slots = 16

/** Everything about a cluster that must differ from its neighbour's. */
export type Slot = Omit<Addresses, 'family'> & {
  number: number
  name: string
  /** The folder of all its files. */
  state: string
  /** Name of its link on the host, and of its control groups. */
  link: string
  /** The addresses of each family that it speaks. Those of the first are the slot's own members as well. */
  addresses: readonly Addresses[]
}

type Note = { name: string; state: string; families?: readonly Family[] }

function slotOf(number: number, { name, state, families = ['IPv4'] }: Note): Slot {
  const addresses = families.map((family) => addressesOf[family](number))
  const { family: _, ...first } = addresses[0] ?? addressesOf.IPv4(number)
  return { ...first, number, name, state, link: `hipaa-mcp-${number}`, addresses }
}

/** Every slot that is taken on this machine, by whomever. */
export async function takenSlots(): Promise<Slot[]> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => /^\d+$/.test(file))
  const found: Slot[] = []
  for (const file of files) {
    found.push(slotOf(Number(file), JSON.parse(await readFile(join(folder, file), 'utf8')) as Note))
  }
  return found
}

/** Takes a free slot whose addresses the machine does not route elsewhere. The same state folder keeps its slot. */
export async function takeSlot(note: Required<Note>): Promise<Slot> {
  return await locked(async () => {
    const taken = await takenSlots()
    const own = taken.find((slot) => slot.state === note.state)
    if (own) return own
    const routed = await routes()
    for (let number = 0; number < slots; number++) {
      const slot = slotOf(number, note)
      const wanted = slot.addresses.flatMap((each) => [
        each.podRange,
        each.serviceRange,
        `${each.nodeIP}/${each.linkBits}`,
      ])
      if (
        taken.some((other) => other.number === number) ||
        routed.some((r) => wanted.some((w) => overlap(r, w)))
      )
        continue
      await writeFile(join(folder, String(number)), JSON.stringify(note))
      return slot
    }
    throw new Error(
      `No free address range among ${slots}: end other test clusters (node test/cluster/main.ts down --all) or remove routes to 10.99.0.0/16, 10.128.0.0/11 and fd10:99::/32`,
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
  const listed = await Promise.all(
    ['-4', '-6'].map(async (family) =>
      // A machine without the family says so by failing.
      JSON.parse(
        (await run('ip', ['-json', family, 'route', 'show', 'table', 'all'], { accept: [1, 255] })) || '[]',
      ),
    ),
  )
  return (listed.flat() as { dst: string }[]).map(({ dst }) => dst).filter((dst) => dst !== 'default')
}

/** Whether two ranges share an address; those of different families never do. */
function overlap(a: string, b: string): boolean {
  const [first, second] = [range(a), range(b)]
  return first.family === second.family && first.from <= second.to && second.from <= first.to
}

function range(cidr: string): { family: number; from: bigint; to: bigint } {
  const [address = '', width] = cidr.split('/')
  const family = isIP(address)
  const [bits, value] = family === 6 ? [128, numberOfIPv6(address)] : [32, numberOfIPv4(address)]
  const size = 1n << BigInt(bits - Number(width ?? bits))
  const from = (value / size) * size
  return { family, from, to: from + size - 1n }
}

function numberOfIPv4(address: string): bigint {
  return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

function numberOfIPv6(address: string): bigint {
  // As a URL writes it: without dots, at most one `::`.
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''))
  const [first = [], last = []] = [before, after]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

// Connections that the network must refuse, and one that it must let through.

import { connectTo } from '../guard/attempt.ts'
import { pause } from '../pause.ts'

/** A network plugin learns of a new pod a moment after it starts: what is open then may be shut a second later. */
const patience = { rounds: 20, pauseMs: 1_000 }
/** Refused so often in a row: the first refusal may be that of a network that is not there yet. */
const enough = 3

export type Connect = (address: string) => Promise<boolean>

/** Whether a TCP connection comes about within two seconds. Sends nothing. */
export const connects: Connect = async (address) => {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  return (await connectTo(host, Number(address.slice(at + 1)))).says === 'connected'
}

/** Waits until the address answers; false when it does not for as long as we are patient. */
export async function reaches(
  address: string,
  connect: Connect,
  pauseMs = patience.pauseMs,
): Promise<boolean> {
  for (let round = 0; round < patience.rounds; round += 1) {
    if (await connect(address)) return true
    await pause(pauseMs)
  }
  return false
}

/** Places of those that are open: still after all our patience, not merely at first. */
export async function openOf(
  addresses: readonly string[],
  connect: Connect,
  pauseMs = patience.pauseMs,
): Promise<number[]> {
  let open: number[] = []
  for (let round = 0, shut = 0; round < patience.rounds && shut < enough; round += 1) {
    if (round > 0) await pause(pauseMs)
    const outcomes = await Promise.all(addresses.map(async (address) => await connect(address)))
    open = outcomes.flatMap((connected, place) => (connected ? [place] : []))
    shut = open.length === 0 ? shut + 1 : 0
  }
  return open
}

// The two topics of a Kafka store: made where they are missing, and proved to keep what they acknowledge.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin, ConfigResourceTypes, type GenericError } from '@platformatic/kafka'
import { StoreFailed } from '../commit.ts'

export type Topics = { records: string; chains: string }

export const topicsOf = (prefix: string): Topics => ({
  records: `${prefix}-records`,
  chains: `${prefix}-chains`,
})

/** Chains lie side by side in a partition, and whoever reads one reads past the others. */
const recordPartitions = 64
/** Bytes of one message and of one request, at most: brokers take 1,048,588 unless told otherwise. */
export const messageBytes = 900_000

type Settings = { readonly [name: string]: string | undefined }

/** Settings without which a broker forgets what it acknowledged, or hands it over to one that never had it. */
const needs: { of: keyof Topics | 'both'; name: string; holds: (value: string) => boolean; write: string }[] =
  [
    { of: 'records', name: 'cleanup.policy', holds: (value) => value === 'delete', write: 'delete' },
    // The newest of a name is what counts there, and nothing else ever goes.
    { of: 'chains', name: 'cleanup.policy', holds: (value) => value === 'compact', write: 'compact' },
    { of: 'both', name: 'retention.ms', holds: (value) => value === '-1', write: '-1' },
    { of: 'both', name: 'retention.bytes', holds: (value) => value === '-1', write: '-1' },
    {
      of: 'both',
      name: 'unclean.leader.election.enable',
      holds: (value) => value === 'false',
      write: 'false',
    },
    {
      of: 'both',
      name: 'max.message.bytes',
      holds: (value) => Number(value) >= 1_000_000,
      write: '1048588',
    },
  ]

/** A broker learns of a topic that was just made when it has made its files: seconds, where it has much to do. */
const knownWithin = { tries: 40, apartMs: 500 }

/** Makes what is missing, with settings that last. */
export async function makeTopics(admin: Admin, topics: Topics): Promise<void> {
  const there = new Set(await admin.listTopics())
  const { brokers } = await admin.metadata({ topics: [] })
  const replicas = Math.min(3, brokers.size)
  for (const which of ['records', 'chains'] as const) {
    if (there.has(topics[which])) continue
    const configs = [
      ...needs
        .filter((need) => need.of === which || need.of === 'both')
        .map(({ name, write }) => ({ name, value: write })),
      ...(replicas === 3
        ? [{ name: 'min.insync.replicas', value: '2' }]
        : [{ name: 'flush.messages', value: '1' }]),
    ]
    await admin.createTopics({
      topics: [topics[which]],
      partitions: which === 'records' ? recordPartitions : 1,
      replicas,
      configs,
    })
  }
}

/**
 * Rejects with `store-not-durable` where an acknowledged record could go. Kafka acknowledges before its disk has it:
 * what lasts is a second copy in another broker (min.insync.replicas of two and more), or a sync a message (flush.messages=1).
 */
export async function proveDurable(admin: Admin, topics: Topics): Promise<void> {
  const described = await settingsOf(admin, topics)
  const { topics: placed } = await admin.metadata({ topics: Object.values(topics), forceUpdate: true })
  const missing: string[] = []
  for (const which of ['records', 'chains'] as const) {
    const topic = topics[which]
    const settings: Settings = Object.fromEntries(
      described
        .find(({ resourceName }) => resourceName === topic)
        ?.configs.map(({ name, value }) => [name, value ?? undefined]) ?? [],
    )
    const copies = Math.min(...(placed.get(topic)?.partitions.map(({ replicas }) => replicas.length) ?? [0]))
    missing.push(...gapsOf(which, settings, copies).map((gap) => `${topic}: ${gap}`))
  }
  if (missing.length > 0)
    throw new StoreFailed(
      'store-not-durable',
      `Kafka does not keep what it acknowledges. Set for its topics: ${missing.join('; ')}`,
    )
}

async function settingsOf(
  admin: Admin,
  topics: Topics,
): Promise<Awaited<ReturnType<Admin['describeConfigs']>>> {
  const resources = Object.values(topics).map((resourceName) => ({
    resourceType: ConfigResourceTypes.TOPIC,
    resourceName,
  }))
  for (let tries = 1; ; tries++)
    try {
      return await admin.describeConfigs({ resources })
    } catch (error) {
      // The client's errors hold what each broker said, several deep.
      const unknown = (error as Partial<GenericError>).findBy?.('apiId', 'UNKNOWN_TOPIC_OR_PARTITION')
      if (!unknown || tries === knownWithin.tries) throw error
      await sleep(knownWithin.apartMs)
    }
}

/** What to set for one of the topics, in words. `copies`: replicas of the partition that has the fewest. */
export function gapsOf(which: keyof Topics, settings: Settings, copies: number): string[] {
  const gaps = needs
    .filter((need) => (need.of === which || need.of === 'both') && !need.holds(settings[need.name] ?? ''))
    .map(({ name, write }) => `${name}=${write}`)
  const inSync = Number(settings['min.insync.replicas'] ?? '1')
  if (!(copies >= 3 && inSync >= 2) && settings['flush.messages'] !== '1')
    gaps.push('three replicas with min.insync.replicas=2, or flush.messages=1')
  return gaps
}

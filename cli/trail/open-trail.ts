// Every place where a trail may lie, by how it is named. Each is opened by what is loaded for it alone.

import { auditorFor, auditorOptions } from '../auditor.ts'
import { type Command, type Screen, serverOf, textOf, UsageError, type Values } from '../command.ts'
import { exportTo } from '../export-to.ts'
import { progress } from '../progress.ts'
import { folderSource } from './folder-source.ts'
import type { TrailSource } from './source.ts'
import { spooledSource } from './spooled-source.ts'

const wanted = 'a folder, s3://BUCKET/PREFIX, postgres://USER@HOST/DATABASE, https://COLLECTOR or collector:'

/** The one source that a command's operands name. Throws `UsageError`. */
export function oneSource(command: string, operands: readonly string[]): string {
  const [named] = operands
  if (named === undefined || operands.length > 1)
    throw new UsageError(`${command} wants one trail: ${wanted}`)
  return named
}

/** Options that say how sources besides folders are reached. */
export const reachOptions: Command['options'] = {
  ...auditorOptions,
  'data-keys': {
    value: 'FILE',
    help: 'Of an archive: data keys that the key’s holder unwrapped, instead of the collector',
  },
}

type Open = (named: string, values: Values, screen: Screen) => Promise<TrailSource>

const openers: { readonly [scheme: string]: Open } = {
  postgres: async (named, values) => {
    const server = serverOf(textOf(values, 'server'))
    const { postgresSource } = await import('./postgres-source.ts')
    return await postgresSource(named, server)
  },
  s3: async (named, values, screen) => {
    const { archiveSource } = await import('./archive-source.ts')
    return await archiveSource(named, values, screen)
  },
  https: async (named, values, screen) => await ofCollector(named, { ...values, collector: named }, screen),
  collector: async (named, values, screen) => await ofCollector(named, values, screen),
}
const schemes = /^(?:(postgres|s3|https):\/\/|(collector):$)/

/** Opens it. Rejects with `CannotError` or `UsageError`, which say what is wanted. */
export async function openTrail(named: string, values: Values, screen: Screen): Promise<TrailSource> {
  const match = schemes.exec(named.replace(/^postgresql:/, 'postgres:'))
  const open = openers[match?.[1] ?? match?.[2] ?? '']
  if (values['data-keys'] !== undefined && open !== openers['s3'])
    throw new UsageError('--data-keys goes with an archive, s3://BUCKET/PREFIX')
  return open === undefined ? folderSource(named) : await open(named, values, screen)
}

/** The collector gives a trail in one stream, and puts on record who took it. */
async function ofCollector(named: string, values: Values, screen: Screen): Promise<TrailSource> {
  const server = serverOf(textOf(values, 'server'))
  const auditor = await auditorFor(values, screen)
  let records = 0
  const shown = progress(screen, () => `${records.toLocaleString('en')} records received`)
  const read = (count: number): void => {
    records = count
  }
  return await spooledSource(named, async (folder) => {
    await exportTo(auditor, { folder, server, read })
  }).finally(() => shown.done())
}

/** Opens it for one piece of work, and closes it whatever came of that. */
export async function withTrail<T>(
  named: string,
  values: Values,
  screen: Screen,
  work: (source: TrailSource) => Promise<T>,
): Promise<T> {
  const source = await openTrail(named, values, screen)
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}

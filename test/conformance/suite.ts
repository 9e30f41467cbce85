// The official suite as a program: one run is one revision against one URL, and leaves its checks in a folder.

import { spawn } from 'node:child_process'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const legs = ['2025-11-25', '2026-07-28'] as const
export type Leg = (typeof legs)[number]

const suite = dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/package.json')))

export async function suiteVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(suite, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Scenarios of a revision: those that a server must pass to conform, and those that are only run. */
export type Requirements = { scored: readonly string[]; others: readonly string[] }

export async function requirementsOf(leg: Leg): Promise<Requirements> {
  const { server, not_scored } = parse(
    await readFile(join(suite, 'requirements', `${leg}.yaml`), 'utf8'),
  ) as { server: string[]; not_scored: { scenario: string; leg: string }[] }
  const others = not_scored.filter(({ leg: side }) => side === 'server').map(({ scenario }) => scenario)
  return { scored: server, others }
}

/**
 * Runs every scenario of a revision. Resolves when the suite ended, whatever it found: what it found is in the folder,
 * and what is missing there counts as a failure (checks.ts).
 */
export async function runSuite(leg: Leg, url: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const log = await open(join(folder, 'suite.log'), 'w')
  try {
    const args = ['server', '--url', url, '--requirements', leg, '-o', folder]
    const child = spawn(process.execPath, [join(suite, 'dist', 'index.js'), ...args], {
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', () => resolve())
    })
  } finally {
    await log.close()
  }
}

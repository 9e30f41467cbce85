// kubectl, as a person would use it: what the demo does can be repeated by hand.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { type Log, toStderr } from '../../config/image/progress.ts'
import { components } from '../cluster/components.ts'

type Ran = { code: number; stdout: string; stderr: string }

export type Kubectl = {
  kubeconfig: string | undefined
  /** Starts it, for what goes on until it is killed. */
  start: (args: readonly string[]) => ChildProcessByStdio<null, Readable, Readable>
  /** Standard output. Rejects with kubectl's own words when it fails. */
  run: (args: readonly string[], input?: string) => Promise<string>
  /** The same, but a failure is an answer too: refusals are what a demo wants to see. */
  attempt: (args: readonly string[], input?: string) => Promise<Ran>
  /** The object's or list's JSON; undefined where there is none. */
  get: <Answer>(...args: string[]) => Promise<Answer | undefined>
  /** Server-side apply of YAML or JSON text. */
  apply: (text: string) => Promise<void>
}

/** By the kubeconfig given, else the one of the environment. `program`: path of kubectl, at least 1.34. */
export function kubectl(program: string, kubeconfig?: string): Kubectl {
  const env = { ...process.env, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) }
  const attempt = async (args: readonly string[], input?: string): Promise<Ran> =>
    await new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env,
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      })
      const out: Buffer[] = []
      const err: Buffer[] = []
      child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
      child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
      // A kubectl that fails early closes its input; its exit code says more than the broken pipe.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(input)
      child.once('error', reject)
      child.once('close', (code) =>
        resolve({
          code: code ?? 1,
          stdout: Buffer.concat(out).toString(),
          stderr: Buffer.concat(err).toString().trim(),
        }),
      )
    })
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await attempt(args, input)
    if (code !== 0)
      throw new Error(
        `kubectl ${args.join(' ').slice(0, 200)}: ${stderr.slice(0, 2_000) || stdout.slice(-500)}`,
      )
    return stdout
  }
  return {
    kubeconfig,
    start: (args) => spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    run,
    attempt,
    get: async <Answer>(...args: string[]) => {
      const text = await run(['get', ...args, '--ignore-not-found', '-o', 'json'])
      return text === '' ? undefined : (JSON.parse(text) as Answer)
    },
    apply: async (text) => {
      await run(
        ['apply', '--server-side', '--force-conflicts', '--field-manager=hipaa-mcp-demo', '-f', '-'],
        text,
      )
    },
  }
}

const oldest = 34

/** A kubectl of 1.34 or later: the one in PATH, else the node's own, which is built the first time. */
export async function findKubectl(log: Log = toStderr): Promise<string> {
  const seen = await kubectl('kubectl')
    .attempt(['version', '--client', '-o', 'json'])
    .catch(() => undefined)
  if (seen?.code === 0) {
    const { clientVersion } = JSON.parse(seen.stdout) as { clientVersion: { major: string; minor: string } }
    if (Number(clientVersion.major) > 1 || Number.parseInt(clientVersion.minor, 10) >= oldest)
      return 'kubectl'
  }
  const built = await components(log).catch((error: unknown) => {
    throw new Error(
      `kubectl 1.${oldest} or later is missing: put one into PATH, or what it is built with (${String(error)})`,
    )
  })
  return built.path('kubectl')
}

/** Asks until the answer is there, twice a second. Rejects after `seconds`, saying what was awaited and seen last. */
export async function until<Answer>(
  what: string,
  seconds: number,
  ask: () => Promise<Answer | undefined>,
  seen: () => Promise<string> = async () => await Promise.resolve(''),
): Promise<Answer> {
  const deadline = performance.now() + seconds * 1_000
  let last = ''
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      last = error instanceof Error ? error.message : String(error)
      return undefined
    })
    if (answer !== undefined) return answer
    if (performance.now() > deadline)
      throw new Error(`Waited ${seconds} s in vain: ${what}. ${await seen()} ${last}`.trim())
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

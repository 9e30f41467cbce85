// Every attempt of attempts/, on a real node: in the enrolled namespace it must be refused, and in the one beside it, which
// does not know the product, the same must come through. So a refusal for another reason, a typo say, counts for nothing.
// HIPAA_MCP_BYPASS=sample: some of each kind, as `make test` does; any other value: those whose name it matches, while one writes
// them. `make bypass` and `make nightly` try all.

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../demo/kubectl.ts'
import { verifies } from '../verifies.ts'
import { type Answer, type Api, openApi, tryOnce } from './api.ts'
import {
  type Attempt,
  attempts,
  isPerson,
  isPod,
  observedPolicies,
  type Person,
  type PodRole,
  sampleOf,
} from './attempts.ts'
import { type AuditEvent, auditOf } from './audit-log.ts'
import { networkOf, refusedOf } from './network-counts.ts'
import {
  binder,
  buildScene,
  clearScene,
  debuggers,
  editor,
  enrolled,
  open,
  placeOf,
  reporter,
  type Scene,
} from './scene.ts'

const every = await attempts()
const chosen = process.env['HIPAA_MCP_BYPASS']
const all = chosen === undefined ? every : chosen === 'sample' ? sampleOf(every) : named(chosen)
/** And one by which the scene sees that the product judges. */
function named(pattern: string): Attempt[] {
  const first = every.find(({ gate }) => gate === 'networks')
  return every.filter((attempt) => attempt === first || new RegExp(pattern).test(attempt.id))
}
const names: { readonly [person in Person]: string | undefined } = {
  Editor: editor,
  Debugger: debuggers,
  Binder: binder,
  Reporter: reporter,
  Administrator: undefined,
}

let scene: Scene
let api: Api
let before: string
/** Ids of attempts that came through where the product is. */
const cameThrough: string[] = []
const tried = new Set<string>()
/** What people asked the API server where the product is. */
const asked: { attempt: Attempt; answer: Answer }[] = []

beforeAll(async () => {
  scene = await buildScene(all)
  api = await openApi(scene.kubeconfig)
  before = (await api.ask({ method: 'GET', path: '/metrics' })).text
  await until('the webhook and the policies judge', 120, async () => {
    const first = all.find(({ gate }) => gate === 'networks')
    const answer = first && (await tryOnce(api, first, enrolled, editor))
    return answer !== undefined && refused(answer) ? true : undefined
  })
}, 600_000)

afterAll(async () => {
  console.log(
    `${cameThrough.length} of ${tried.size} attempts succeeded${all === every ? '' : ` (of ${every.length})`}${cameThrough.map((id) => `\n  ${id}`).join('')}`,
  )
  await api.close()
  if (process.env['KEEP'] !== '1') await clearScene(scene.kubectl, false)
}, 240_000)

const refused = ({ status, text }: Answer, says = 'hipaa-mcp: '): boolean =>
  status >= 400 && text.includes(says)
/** A connection that admission lets through fails for want of an upgrade, or as the pod answers. */
const letThrough = ({ status, text }: Answer): boolean => status < 400 || /[Uu]pgrade/.test(text)

/** Counts what came of an attempt where the product is. */
function count({ id }: Attempt, through: boolean): void {
  tried.add(id)
  if (through) cameThrough.push(id)
}

test('there are sixty attempts and more, and none has a name that the other has', () => {
  expect(every.length).toBeGreaterThanOrEqual(60)
  expect(new Set(every.map(({ what, by }) => `${by} ${what}`)).size).toBe(every.length)
})

test('the sample has datagrams, IPv6 and packets of its own making among what the server’s code tries', () => {
  const tries = sampleOf(every).flatMap(({ by, run = '' }) => (by === 'Server' ? [run] : []))
  for (const way of ['datagram(', "dial('::1'", 'systemCall(41, 2, 3'])
    expect(
      tries.filter((run) => run.includes(way)),
      way,
    ).not.toEqual([])
})

/** What a pod is in the end: its first containers, and whom it asks for names. */
function guards(answer: Answer): unknown {
  expect(answer.status, answer.text).toBeLessThan(300)
  const { spec } = JSON.parse(answer.text) as {
    spec: { initContainers?: { name: string }[]; dnsConfig?: { nameservers?: string[] } }
  }
  return [spec.initContainers?.slice(0, 2).map(({ name }) => name), spec.dnsConfig?.nameservers]
}

describe('somebody before the API server', () => {
  for (const attempt of all.filter(({ by, gate }) => isPerson(by) && gate !== 'guarded'))
    verifies('injection:no-way-around', attempt.id, async () => {
      const {
        by,
        right,
        says = right ? `cannot ${right.verb} resource` : undefined,
        control = attempt,
      } = attempt
      const as = names[by as Person]

      const seen = await tryOnce(api, attempt, enrolled, as)
      count(attempt, right ? seen.status !== 403 : letThrough(seen))
      asked.push({ attempt, answer: seen })
      expect(refused(seen, says), seen.text).toBe(true)

      // Nobody but an administrator has the rights that are missing.
      const who = right ? undefined : as
      const without = await tryOnce(api, control, open, who)
      expect(letThrough(without), without.text).toBe(true)
    })

  for (const attempt of all.filter(({ gate }) => gate === 'guarded'))
    verifies('injection:no-way-around', attempt.id, async () => {
      const wanted = [['hipaa-mcp-guard', 'hipaa-mcp'], ['127.0.0.1']]
      const { times = 1 } = attempt
      const tries = async (namespace: string) => {
        const each = Array.from({ length: times }, async () => await tryOnce(api, attempt, namespace, editor))
        const answers = await Promise.all(each)
        // Of many at once some are refused for want of time: so no pod of theirs starts.
        return times === 1 ? answers : answers.filter(({ status }) => status < 300)
      }

      const seen = (await tries(enrolled)).map(guards)
      count(
        attempt,
        seen.some((one) => JSON.stringify(one) !== JSON.stringify(wanted)),
      )
      expect(seen).toEqual(seen.map(() => wanted))
      const without = (await tries(open)).map(guards)
      expect(without).not.toEqual([])
      expect(without).not.toContainEqual(wanted)
    })
})

type Outcomes = ReadonlyMap<string, string>
const outcomes = new Map<string, Promise<Outcomes>>()

/** What a pod's log says of its attempts, once it is through with all. */
async function outcomesOf(role: PodRole, namespace: string): Promise<Outcomes> {
  const { name, namespace: where } = placeOf(role, namespace)
  const key = `${where}/${name}`
  const known = outcomes.get(key)
  if (known !== undefined) return await known
  const { kubectl } = scene
  const read = async () =>
    (await kubectl.attempt(['logs', '-n', where, name, '--tail=-1'])).stdout.split('\n').filter(Boolean)
  const made = until(
    `${key} has tried everything`,
    240,
    async () => {
      const lines = await read()
      return lines.at(-1) === '{"done":true}' ? lines : undefined
    },
    async () =>
      `${(await read()).slice(-3).join('\n')} ${(await kubectl.attempt(['describe', 'pod', '-n', where, name])).stdout.slice(-1_000)}`,
  ).then(saidIn)
  outcomes.set(key, made)
  return await made
}

function saidIn(lines: readonly string[]): Outcomes {
  return new Map(
    lines
      .map((line) => JSON.parse(line) as { id?: string; got?: string })
      .flatMap(({ id, got }) => (id === undefined || got === undefined ? [] : [[id, got] as const])),
  )
}

describe('code in a pod', () => {
  for (const attempt of all.filter(({ by }) => isPod(by)))
    verifies('injection:no-way-around', attempt.id, async () => {
      const { id, by } = attempt
      const seen = (await outcomesOf(by as PodRole, enrolled)).get(id)
      count(attempt, seen === 'through')
      expect(seen).not.toBe('through')
      expect(seen).toBeDefined()
      expect((await outcomesOf(by as PodRole, open)).get(id)).toBe('through')
    })
})

describe('somebody outside of the cluster', () => {
  for (const attempt of all.filter(({ by }) => by === 'Outside'))
    verifies('injection:no-way-around', attempt.id, async () => {
      const seen = await fromHere(attempt, enrolled)
      count(attempt, seen === 'through')
      expect(seen).not.toBe('through')
      expect(await fromHere(attempt, open)).toBe('through')
    })
})

const run = promisify(execFile)

/** The same program on this machine: in its network, which is not of the cluster, or in that of a pod. */
async function fromHere(
  { id, run: text }: Attempt,
  namespace: string,
  netns?: string,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'hipaa-mcp-bypass-'))
  try {
    const found = await scene.kubectl.get<{ data: { 'targets.json': string } }>(
      'configmap',
      `attempts-${namespace}`,
      '-n',
      namespace,
    )
    await writeFile(join(folder, 'attempts.json'), JSON.stringify([{ id, by: 'Outside', run: text }]))
    await writeFile(join(folder, 'targets.json'), found?.data['targets.json'] ?? '{}')
    const program = [process.execPath, join(import.meta.dirname, 'in-pod.ts'), 'Outside']
    const [file = '', ...args] = netns === undefined ? program : ['nsenter', `--net=${netns}`, ...program]
    const { stdout } = await run(file, args, { env: { ...process.env, ATTEMPTS: folder } })
    return saidIn(stdout.split('\n').filter(Boolean)).get(id)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const counted = (text: string, line: RegExp): number =>
  text
    .split('\n')
    .filter((one) => line.test(one))
    .reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0)
/** Of so many where all are tried. */
const least = (whole: number) => (chosen === undefined ? whole : chosen === 'sample' ? 1 : 0)
const of = (gate: Attempt['gate']) => all.filter((attempt) => attempt.gate === gate).length

const since = async (line: RegExp) =>
  counted((await api.ask({ method: 'GET', path: '/metrics' })).text, line) - counted(before, line)

/** Of who tries each, by each family and by datagrams: whose rule counts it. */
const countedByPlugin = [
  ['bystander-outside', 'itself'],
  ['bystander-outside-ipv6', 'itself'],
  ['bystander-udp', 'itself'],
  ['store-outside', 'itself'],
  ['stranger-store', 'ehr-db'],
  ['outside-node-port', 'ehr-db'],
] as const

async function networkOfRole(role: PodRole, namespace: string): Promise<string> {
  const { name, namespace: where } = placeOf(role, namespace)
  const found = await scene.kubectl.get<{ metadata: { uid: string } }>('pod', name, '-n', where)
  return await networkOf(found?.metadata.uid ?? 'none')
}

/** What of an attempt the audit log has, as `wantedOf` has it: RBAC is what forbids where a right is missing. */
function seenIn({ id, right }: Attempt, event: AuditEvent | undefined): unknown {
  const { verb, objectRef, requestObject, responseObject, annotations = {} } = event ?? {}
  const { apiGroup: group = '', resource, subresource } = objectRef ?? {}
  const whole = [resource, subresource].filter(Boolean).join('/')
  return {
    id,
    who: event && (event.impersonatedUser ?? event.user).username,
    code: event?.responseStatus?.code,
    ...(right && { asked: { verb, group, resource: whole } }),
    ...(right && !right.virtual && { decision: annotations['authorization.k8s.io/decision'] }),
    ...(right?.virtual && {
      review: requestObject?.spec?.resourceAttributes,
      allowed: responseObject?.status?.allowed,
    }),
  }
}

/** A right that no request stands for is one of which they ask whether they have it (SelfSubjectAccessReview). */
function wantedOf({ id, by, right }: Attempt, { status }: Answer): unknown {
  const who = names[by as Person] ?? 'admin'
  if (right === undefined) return { id, who, code: status }
  const { verb, group = '', resource, namespace = enrolled } = right
  if (!right.virtual) return { id, who, code: 403, asked: { verb, group, resource }, decision: 'forbid' }
  return {
    id,
    who,
    code: 201,
    asked: { verb: 'create', group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' },
    review: { verb, resource, ...(group && { group }), ...(namespace && { namespace }) },
    allowed: false,
  }
}

describe('each attempt is seen', () => {
  for (const gate of observedPolicies)
    test(`by the API server’s count of what the policy ${gate} refused`, async () => {
      const line = new RegExp(
        `^apiserver_validating_admission_policy_check_total\\{.*enforcement_action="deny".*policy="hipaa-mcp-${gate}"`,
      )
      expect(await since(line)).toBeGreaterThanOrEqual(of(gate))
    })

  test('by its count of what the webhooks refused', async () => {
    const line = /^apiserver_admission_webhook_rejection_count\{.*name="[a-z]+\.hipaa-mcp\.dev"/
    expect(await since(line)).toBeGreaterThanOrEqual(of('inject') + of('connect'))
  })

  test('by its count of what RBAC did not allow', async () => {
    const claimed = all.filter(({ right }) => right && !right.virtual)
    expect(await since(/^authorization_attempts_total\{result="no-opinion"\}/)).toBeGreaterThanOrEqual(
      claimed.length,
    )
  })

  test('by its audit log, with who asked for what and what was answered', async () => {
    const written = async () => {
      const log = await auditOf(asked)
      return asked.map(({ attempt, answer: { auditId = '' } }) => seenIn(attempt, log.get(auditId)))
    }
    await expect.poll(written).toEqual(asked.map(({ attempt, answer }) => wantedOf(attempt, answer)))
  })

  test('by its audit log, without the words of a grant', async () => {
    const answer = await api.ask({
      method: 'POST',
      path: `/apis/hipaa-mcp.dev/v1alpha1/namespaces/${enrolled}/breakglassgrants?dryRun=All`,
      body: {
        apiVersion: 'hipaa-mcp.dev/v1alpha1',
        kind: 'BreakGlassGrant',
        metadata: { name: 'synthetic' },
        spec: { reason: 'synthetic-words' },
      },
    })
    const written = async () => (await auditOf([{ answer }])).get(answer.auditId ?? '')
    await expect.poll(written).toMatchObject({ verb: 'create', objectRef: { resource: 'breakglassgrants' } })
    expect(JSON.stringify(await written())).not.toContain('synthetic-words')
  })

  const ids = new Set(all.map(({ id }) => id))
  for (const [id, ofPod] of countedByPlugin.filter(([one]) => ids.has(one)))
    test(`by the count of the network plugin: ${id}`, async () => {
      const attempt = every.find((one) => one.id === id) as Attempt
      /** Whether it is counted in the end, and what came of it. */
      const trial = async (namespace: string) => {
        const netns = isPod(attempt.by) ? await networkOfRole(attempt.by, namespace) : undefined
        const name = ofPod === 'itself' ? placeOf(attempt.by as PodRole, namespace).name : ofPod
        const earlier = await refusedOf(scene.netns, namespace, name)
        const got = await fromHere(attempt, namespace, netns)
        const later = await refusedOf(scene.netns, namespace, name)
        return { through: got === 'through', counted: later > earlier }
      }
      // Rules that are written anew meanwhile count from nothing.
      await expect
        .poll(async () => await trial(enrolled), { timeout: 60_000 })
        .toEqual({ through: false, counted: true })
      expect(await trial(open)).toEqual({ through: true, counted: false })
    })

  test('by the sidecar’s counts of what its pod tried', async () => {
    const { name, namespace } = placeOf('Server', enrolled)
    await outcomesOf('Server', enrolled)
    const found = await scene.kubectl.get<{ status: { podIP: string } }>('pod', name, '-n', namespace)
    const script = `fetch('http://${found?.status.podIP}:15021/metrics').then(async (answer) => console.log(await answer.text()))`
    const { stdout } = await run('nsenter', [`--net=${scene.netns}`, process.execPath, '-e', script])
    const seen = (name: RegExp) => counted(stdout, name)
    expect(seen(/^hipaa_mcp_pod_connections_failed\{/)).toBeGreaterThanOrEqual(least(10))
    expect(seen(/^hipaa_mcp_pod_datagrams_refused\{/)).toBeGreaterThanOrEqual(least(3))
    expect(seen(/^hipaa_mcp_egress_total\{.*decision="refused"/)).toBeGreaterThanOrEqual(least(2))
    // Words that were said in a name.
    expect(stdout).not.toContain('114-101-99-111')
  })
})

// The gate before a model's vendor, in a pod on a real node: an app that was told nothing but the vendor's name and key trusts the
// pod's own authority, and the vendor sees the clinic's credential. Two minutes for the stage, one for this.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { serverCertificate } from '../demo/identity.ts'
import { until } from '../demo/kubectl.ts'
import { manifest, quoted, tlsSecret, together } from '../demo/manifests.ts'
import { rolledOut } from '../demo/rollout.ts'
import type { Clinic } from '../demo/scene.ts'
import { buildStage } from '../e2e/parts/build.ts'
import { killInPod, ofKind, podsOf, programs, verifiedTrail } from '../e2e/parts/stage.ts'
import { verifies } from '../verifies.ts'
import { appProgram, vendorProgram } from './model-gate/programs.ts'

const host = 'models.vendor.svc.cluster.local'
let clinic: Clinic

const at = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')

beforeAll(async () => {
  clinic = (await buildStage()).clinic
  const { kubectl, clinicCa, images } = clinic
  await kubectl.apply(
    tlsSecret('vendor', 'models-tls', await serverCertificate(clinicCa, host), clinicCa.cert),
  )
  const seen = await kubectl.get<{ spec: { network: { egress: object[] } } }>(
    'hipaamcpserver',
    'ehr',
    '-n',
    'clinic',
  )
  const entry = {
    baa: 'models',
    credential: { secretName: 'ehr-models' },
    tls: { ca: { pem: clinicCa.cert } },
  }
  const network = { egress: [...(seen?.spec.network.egress ?? []), entry] }
  await kubectl.run([
    'patch',
    'hipaamcpserver',
    'ehr',
    '-n',
    'clinic',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { network } }),
  ])
  const values = {
    SAMPLES_IMAGE: images.samples,
    VENDOR_PROGRAM: quoted(vendorProgram),
    APP_PROGRAM: quoted(appProgram),
    EFFECTIVE: at(-1),
    EXPIRES: at(30),
    DOCUMENT_SHA256: createHash('sha256').update('sample agreement').digest('hex'),
  }
  await kubectl.apply(together(await manifest('model-gate', values, join(import.meta.dirname, 'model-gate'))))
  await rolledOut(kubectl, 'vendor', 'deployment/models', 120)
  await rolledOut(kubectl, 'clinic', 'deployment/assistant', 240)
}, 900_000)

type Said = {
  call: number
  status?: number
  body?: { output?: string; error?: { code: string } }
  failed?: string
}
type Heard = { method: string; url: string; authorization: string; body: string }
async function lines<Line>(namespace: string, workload: string): Promise<Line[]> {
  const text = await clinic.kubectl.run(['logs', '-n', namespace, `deployment/${workload}`, '--tail=-1'])
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}
const said = async () => await lines<Said>('clinic', 'assistant')
/** A call of each kind, answered and refused, after as many as `from` were said. */
const bothAfter = async (from: number) =>
  await until('the app asks the vendor', 90, async () => {
    const since = (await said()).slice(from)
    const answered = since.find(({ status }) => status === 200)
    const refused = since.find(({ status }) => status === 403)
    return answered === undefined || refused === undefined ? undefined : { answered, refused }
  })

verifies(
  'agreement:model-calls',
  'in a pod, over the app’s own TLS, at a server in a vendor’s shape',
  async () => {
    const { answered, refused } = await bothAfter(0)

    expect(answered).toEqual({ call: 0, status: 200, body: { output: 'well' } })
    expect(refused).toMatchObject({ call: 1, body: { error: { code: 'model-tool' } } })
    const heard = await lines<Heard>('vendor', 'models')
    expect(heard.length).toBeGreaterThan(0)
    for (const call of heard)
      expect(call).toMatchObject({ url: '/v1/responses', authorization: 'Bearer sk-of-the-clinic' })
    expect(JSON.stringify(heard)).not.toMatch(/of-the-app|mcp/)
    const { records } = await verifiedTrail(clinic, 'model-gate')
    const counted = ofKind(records, 'counted').filter(({ source }) => source === host)
    expect(counted.map(({ what, reason }) => `${what} ${reason ?? ''}`)).toEqual(
      expect.arrayContaining(['egress-opened rules-met', 'egress-refused model-tool']),
    )
  },
)

verifies(
  'agreement:pod-ca',
  'in a pod, an app that runs on trusts the sidecar that was started anew',
  async () => {
    const [pod] = await podsOf(clinic, 'clinic', 'app=assistant')
    const before = (await said()).length

    await killInPod(programs.sidecar, pod?.uid ?? '')
    await until('the sidecar is started anew', 120, async () => {
      const [now] = await podsOf(clinic, 'clinic', 'app=assistant')
      return (now?.restarts ?? 0) > (pod?.restarts ?? 0) ? true : undefined
    })

    const { answered } = await bothAfter(before + 2)
    expect(answered.body).toEqual({ output: 'well' })
    const [now] = await podsOf(clinic, 'clinic', 'app=assistant')
    expect([now?.uid, now?.restarts]).toEqual([pod?.uid, (pod?.restarts ?? 0) + 1])
  },
)

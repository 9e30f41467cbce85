// What the operator does to a real node's pods and network: five minutes for the stage, some for each part.

import { afterAll, describe } from 'vitest'
import { agreementEnd } from '../e2e/parts/agreement-end.ts'
import { builtClinic } from '../e2e/parts/build.ts'
import { jobs } from '../e2e/parts/jobs.ts'
import { networkProof } from '../e2e/parts/network-proof.ts'
import { rollout, undone } from '../e2e/parts/rollout.ts'
import { buildWards, wards } from '../e2e/parts/wards.ts'
import { watchdog } from '../e2e/parts/watchdog.ts'

const stage = builtClinic(buildWards)
afterAll(async () => {
  await stage().kubectl.run(['delete', 'namespace', wards, '--ignore-not-found', '--timeout=120s'])
}, 150_000)

describe('pods that run before their namespace is enrolled', () => rollout(stage))
describe('pods that are not what admission makes', () => watchdog(stage))
describe('a workload that is guarded no more', () => undone(stage))
describe('pods that end by themselves', () => jobs(stage))
describe('an agreement that ends', () => agreementEnd(stage))
describe('what the network is seen to refuse', () => networkProof(stage))

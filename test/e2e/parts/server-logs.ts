// A server that logs what it should not, in a pod: the product says so within a minute, and nothing of it anywhere.

import { randomInt } from 'node:crypto'
import { beforeAll, expect } from 'vitest'
import { raw } from '../../demo/calls.ts'
import { until } from '../../demo/kubectl.ts'
import { rolledOut } from '../../demo/rollout.ts'
import { conditionOf, serverStatus } from '../../demo/scene.ts'
import { searchFor } from '../../sample/canary.ts'
import { records } from '../../sample/fhir.ts'
import { verifies } from '../../verifies.ts'
import { places } from './places.ts'
import type { Stage } from './stage.ts'
import { deploymentOf, podSpec, serverOf } from './stdio-ehr.ts'

/** It makes its number up itself, so that no object of the cluster holds it. */
const script = `
  const mrn = 'MRN-' + String(require('node:crypto').randomInt(1e9)).padStart(9, '0')
  setInterval(() => console.log(JSON.stringify({ level: 30, msg: 'patient found', mrn })), 2000)
  require('node:http').createServer((_, response) => response.end('ok')).listen(8080)`

const labels = { app: 'chatty' }

/** Containers that may log what they like: their own log is where it stands. */
const chatty = ['chatty-'] as const

export function serverLogs(stage: Stage): void {
  const reasonOf = async (name: string) => {
    const seen = conditionOf(await serverStatus(stage(), { namespace: 'clinic', name }), 'Transmission')
    return `${seen?.status} ${seen?.reason}`
  }

  const seed = randomInt(2 ** 30)

  // Its wrapper says once a minute what it threw away: the other server is tried meanwhile.
  beforeAll(async () => {
    const { kubectl, images } = stage()
    await kubectl.apply(JSON.stringify(await serverOf(stage, 'wordy', ['get_diagnosis'])))
    const deployment = deploymentOf('wordy', images.samples)
    const [container] = deployment.spec.template.spec.containers
    if (container === undefined) throw new Error('The sample has no container')
    container.env = [{ name: 'SEED', value: String(seed) }]
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'wordy', namespace: 'clinic' },
      spec: { selector: { app: 'wordy' }, ports: [{ port: 8080 }] },
    }
    await kubectl.apply([deployment, service].map((one) => JSON.stringify(one)).join('\n---\n'))
    await rolledOut(kubectl, 'clinic', 'deployment/wordy', 180)
    const request = {
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'get_diagnosis', arguments: { patient_id: records(seed, 1)[0]?.patient.id } },
      }),
    }
    await until('a call is answered, and the server writes whom it serves', 120, async () => {
      const [answer] = await raw(stage(), [request], { url: 'https://wordy.clinic.svc:8080/mcp' })
      return answer?.status === 200 && answer.text.includes('conditions') ? true : undefined
    })
  })

  verifies(
    'transmission:server-logs',
    'a pod logs an MRN: condition, Event and metric, and the number nowhere else',
    async () => {
      const { kubectl, images } = stage()
      const server = await serverOf(stage, 'chatty', ['get_diagnosis'], () => ({
        workload: { port: 8080, path: '/mcp' },
      }))
      await kubectl.apply(JSON.stringify(server))
      const { spec, ...deployment } = deploymentOf('chatty', images.samples)
      const [container] = podSpec(images.samples).containers
      const template = {
        ...spec.template,
        spec: { ...spec.template.spec, containers: [{ ...container, name: 'chatty', args: ['-e', script] }] },
      }
      await kubectl.apply(
        JSON.stringify({ ...deployment, spec: { ...spec, selector: { matchLabels: labels }, template } }),
      )
      const logged = async () =>
        (await kubectl.attempt(['logs', '-n', 'clinic', '-l', 'app=chatty', '-c', 'chatty', '--tail=1']))
          .stdout
      const mrn = await until(
        'the server logs a number',
        180,
        async () => /MRN-\d{9}/.exec(await logged())?.[0],
      )
      const from = performance.now()

      await until(
        'the condition says so',
        60,
        async () => ((await reasonOf('chatty')) === 'False ServerLogsHoldIdentifiers' ? true : undefined),
        async () => await reasonOf('chatty'),
      )

      console.log(
        `    an MRN in a server’s log was a condition ${((performance.now() - from) / 1000).toFixed(0)} s later`,
      )
      await until('the Events are there', 30, async () => {
        const text = await kubectl.run(['get', 'events', '-n', 'clinic', '-o', 'json'])
        return ['ServerLogsHoldIdentifiers', 'WatchingLogs'].every((reason) => text.includes(reason))
          ? true
          : undefined
      })
      const search = searchFor({ mrn })
      const hits: string[] = []
      for await (const { name, bytes } of places(stage(), chatty))
        if (search(bytes).length > 0) hits.push(name)
      expect(search(await logged())).toEqual(['mrn'])
      expect(hits).toEqual([])
      // The server of the clinic itself logs nothing of the kind.
      expect(await reasonOf('ehr')).not.toContain('ServerLogs')
      await kubectl.run(['delete', 'deployment/chatty', 'hipaamcpserver/chatty', '-n', 'clinic'])
    },
  )

  verifies(
    'stdio:silent',
    'what a stdio server wrote of patients is known by kind, and is in no log',
    async () => {
      const { kubectl } = stage()
      await until(
        'the condition says what was thrown away',
        150,
        async () => ((await reasonOf('wordy')) === 'True ServerWritesIdentifiers' ? true : undefined),
        async () => await reasonOf('wordy'),
      )

      const text = await kubectl.run(['logs', '-n', 'clinic', '-l', 'app=wordy', '-c', 'ehr', '--tail=-1'])
      expect(text).toMatch(/"identifiers":\{[^}]*"ssn":\d/)
      const given = records(seed, 1)[0]?.patient['identifier'] as { value: string }[]
      const [mrn, ssn] = given.map(({ value }) => value)
      expect(searchFor({ mrn: mrn ?? '', ssn: ssn ?? '' })(text)).toEqual([])
      await kubectl.run([
        'delete',
        'deployment/wordy',
        'service/wordy',
        'hipaamcpserver/wordy',
        '-n',
        'clinic',
      ])
    },
  )
}

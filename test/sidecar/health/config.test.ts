// The environment that admission sets, and everything that is not it.

import { beforeAll, expect, test } from 'vitest'
import { BadConfig, readConfig } from '../../../sidecar/config.ts'
import { anAuthority } from '../../collector/peers.ts'

let good: { [name: string]: string }
beforeAll(async () => {
  good = {
    HIPAA_MCP_SERVER: 'clinic/ehr',
    HIPAA_MCP_POD_NAME: 'ehr-1',
    HIPAA_MCP_POD_UID: 'uid-1',
    HIPAA_MCP_POD_IP: '10.1.2.3',
    HIPAA_MCP_UPSTREAM_PORT: '8080',
    HIPAA_MCP_UPSTREAM_PATH: '/mcp',
    HIPAA_MCP_TRANSPORT: 'Stdio',
    HIPAA_MCP_CHANNEL: 'https://hipaa-mcp-channel.hipaa-mcp-system.svc:8444',
    HIPAA_MCP_COLLECTOR: 'https://hipaa-mcp-collector.hipaa-mcp-system.svc:8445',
    HIPAA_MCP_CA: (await anAuthority()).pem,
    HIPAA_MCP_DNS: '10.96.0.10',
    HIPAA_MCP_SEARCH: 'clinic.svc.cluster.local,svc.cluster.local,cluster.local',
    HIPAA_MCP_PROBES:
      '{"app/livez":{"httpGet":{"path":"/up","port":8080,"scheme":"HTTP"}},"app/readyz":{"grpc":{"port":9,"service":null}}}',
    HIPAA_MCP_TRAIL: 'Stream',
    PATH: '/usr/bin',
  }
})

const issuesOf = (environment: { [name: string]: string | undefined }): readonly string[] => {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof BadConfig) return error.issues
    throw error
  }
  return []
}

test('what admission sets is read whole', () => {
  const config = readConfig(good)

  expect(config).toMatchObject({
    server: { namespace: 'clinic', name: 'ehr' },
    pod: { name: 'ehr-1', uid: 'uid-1', ip: '10.1.2.3' },
    upstream: { port: 8080, path: '/mcp', transport: 'Stdio' },
    dns: '10.96.0.10',
    search: ['clinic.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    trail: 'Stream',
  })
  expect(config.channel.port).toBe('8444')
  expect([...config.probes.keys()]).toEqual(['app/livez', 'app/readyz'])
})

test('each variable that is missing is named', () => {
  for (const name of Object.keys(good).filter((one) => one.startsWith('HIPAA_MCP_')))
    expect(issuesOf({ ...good, [name]: undefined })).toEqual([expect.stringContaining(`${name} is missing`)])
})

test('an unknown one is refused, and what the kubelet adds for Services is not', () => {
  expect(issuesOf({ ...good, HIPAA_MCP_BYPASS: 'true' })).toEqual([
    'HIPAA_MCP_BYPASS is unknown to this version',
  ])
  expect(
    issuesOf({
      ...good,
      HIPAA_MCP_DEMO_SERVICE_HOST: '10.96.0.7',
      HIPAA_MCP_DEMO_SERVICE_PORT: '80',
      HIPAA_MCP_DEMO_PORT: 'tcp://10.96.0.7:80',
      HIPAA_MCP_DEMO_PORT_80_TCP: 'tcp://10.96.0.7:80',
      HIPAA_MCP_DEMO_PORT_80_TCP_ADDR: '10.96.0.7',
    }),
  ).toEqual([])
})

test.each([
  ['SERVER', 'ehr'],
  ['POD_IP', 'here'],
  ['UPSTREAM_PORT', '0'],
  ['UPSTREAM_PORT', '65536'],
  ['UPSTREAM_PORT', '8080 '],
  ['UPSTREAM_PATH', 'mcp'],
  ['TRANSPORT', 'stdio'],
  ['CHANNEL', 'http://hipaa-mcp-channel.hipaa-mcp-system.svc:8444'],
  ['CA', 'none'],
  ['DNS', 'resolver.example'],
  ['DNS', '10.96.0.10:99999'],
  ['SEARCH', 'a b'],
  ['PROBES', '[]'],
  ['PROBES', '{"app/livez":{"exec":{"command":["true"]}}}'],
  ['PROBES', '{"app/livez":{"httpGet":{"port":"http"}}}'],
  ['PROBES', '{"../x":{"tcpSocket":{"port":1}}}'],
  ['TRAIL', 'Neither'],
])('%s may not be %j, and the value is not repeated', (name, value) => {
  const [issue, ...others] = issuesOf({ ...good, [`HIPAA_MCP_${name}`]: value })

  expect(issue).toContain(`HIPAA_MCP_${name} must hold`)
  expect(others).toEqual([])
  if (value.length > 4) expect(issue).not.toContain(value)
})

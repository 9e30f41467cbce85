import { expect, test } from 'vitest'
import { configFrom } from '../../operator/config.ts'

const least = {
  HIPAA_MCP_POD_NAME: 'operator-0',
  HIPAA_MCP_POD_UID: 'uid',
  HIPAA_MCP_IMAGE: 'registry.example/hipaa-mcp@sha256:0',
}

test('three settings suffice, and the environment of a pod holds others than ours', () => {
  expect(configFrom({ ...least, PATH: '/usr/bin', KUBERNETES_SERVICE_HOST: '10.0.0.1' })).toEqual({
    pod: { name: 'operator-0', uid: 'uid' },
    image: 'registry.example/hipaa-mcp@sha256:0',
    collector: 'https://hipaa-mcp-collector.hipaa-mcp-system.svc:8445',
    certificateSeconds: 86_400,
    healthPort: 8081,
    recoveredVolumes: 'Delete',
    network: { seconds: 900, outside: '1.1.1.1:80' },
  })
})

test('nothing outside of the cluster is tried where that is switched off', () => {
  expect(configFrom({ ...least, HIPAA_MCP_NETWORK_OUTSIDE: 'Off' }).network).toEqual({ seconds: 900 })
})

const faults: { when: string; environment: Record<string, string>; says: string }[] = [
  {
    when: 'nothing',
    environment: {},
    says: 'HIPAA_MCP_POD_NAME is missing; HIPAA_MCP_POD_UID is missing; HIPAA_MCP_IMAGE is missing',
  },
  {
    when: 'a misspelt one',
    environment: { ...least, HIPAA_MCP_COLECTOR: 'https://x' },
    says: 'HIPAA_MCP_COLECTOR is unknown',
  },
  {
    when: 'a collector without TLS',
    environment: { ...least, HIPAA_MCP_COLLECTOR: 'http://x' },
    says: 'must be an https URL',
  },
  {
    when: 'a name where an address outside must stand',
    environment: { ...least, HIPAA_MCP_NETWORK_OUTSIDE: 'example.org:80' },
    says: 'must be an IP address and a port, such as 1.1.1.1:80, or Off',
  },
  {
    when: 'canaries without a pause',
    environment: { ...least, HIPAA_MCP_NETWORK_SECONDS: '1' },
    says: 'must be a whole number from 5 to 86400',
  },
  {
    when: 'no number',
    environment: { ...least, HIPAA_MCP_CERTIFICATE_SECONDS: '1d' },
    says: 'must be a whole number from 60 to 2678400',
  },
  {
    when: 'another end of a volume',
    environment: { ...least, HIPAA_MCP_RECOVERED_VOLUMES: 'Recycle' },
    says: 'HIPAA_MCP_RECOVERED_VOLUMES must be Delete or Retain',
  },
  {
    when: 'too short a life',
    environment: { ...least, HIPAA_MCP_CERTIFICATE_SECONDS: '5' },
    says: 'must be a whole number from 60',
  },
]
for (const { when, environment, says } of faults)
  test(`the operator does not start on a wrong environment, and names every fault: ${when}`, () => {
    expect(() => configFrom(environment)).toThrow(says)
  })

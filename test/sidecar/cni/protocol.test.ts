import { expect, test } from 'vitest'
import { rulesVersion } from '../../../core/guard-command.ts'
import { chosenFile, withoutPlugin, withPlugin } from '../../../sidecar/cni/conflist.ts'
import { filterFor, type SeenPod } from '../../../sidecar/cni/guarded.ts'
import { CniError, errorText, invocationOf } from '../../../sidecar/cni/protocol.ts'
import { verifies } from '../../verifies.ts'

const config = { cniVersion: '1.0.0', name: 'pods', type: 'hipaa-mcp-cni', prevResult: { ips: [] } }
const adding = {
  CNI_COMMAND: 'ADD',
  CNI_NETNS: '/run/netns/a',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=clinic;K8S_POD_NAME=ehr-0;K8S_POD_UID=u-1',
}
const codeOf = (run: () => unknown): number | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof CniError ? error.code : -1
  }
}

test('an invocation is read as the runtime writes it', () => {
  expect(invocationOf(adding, JSON.stringify(config))).toEqual({
    command: 'ADD',
    cniVersion: '1.0.0',
    netns: '/run/netns/a',
    prevResult: { ips: [] },
    pod: { namespace: 'clinic', name: 'ehr-0', uid: 'u-1' },
  })
  const other = invocationOf({ ...adding, CNI_ARGS: 'IgnoreUnknown=1' }, JSON.stringify(config))
  expect(other.pod).toBeUndefined()
})

test('what no runtime says is refused with the code of the specification', () => {
  const { prevResult: _, ...alone } = config
  for (const [env, document, code] of [
    [{ ...adding, CNI_COMMAND: 'PAINT' }, config, 4],
    [{ ...adding, CNI_NETNS: '' }, config, 4],
    [adding, alone, 7],
    [adding, { ...config, cniVersion: '9.0.0' }, 1],
    [adding, { name: 'pods' }, 7],
    [adding, 'no object', 6],
  ] as const)
    expect(
      codeOf(() => invocationOf(env, JSON.stringify(document))),
      JSON.stringify(env),
    ).toBe(code)
  expect(codeOf(() => invocationOf(adding, '{'))).toBe(6)
  expect(JSON.parse(errorText('1.0.0', new CniError(11, 'away')))).toEqual({
    cniVersion: '1.0.0',
    code: 11,
    msg: 'hipaa-mcp: away',
  })
})

const guardedPod = (
  command: string[],
  more: object = {},
  rules: string | undefined = rulesVersion,
): SeenPod => ({
  metadata: { uid: 'u-1', labels: { 'hipaa-mcp.dev/guarded': 'ehr' } },
  spec: {
    initContainers: [
      {
        name: 'hipaa-mcp-guard',
        command: ['node', '/opt/hipaa-mcp/sidecar/guard.ts', ...command],
        env: [
          { name: 'HIPAA_MCP_UPSTREAM_PORT', value: '8080' },
          { name: 'HIPAA_MCP_DISCOVERY_PORT', value: '8081' },
          { name: 'HIPAA_MCP_LOOPBACK', value: '5432,6379' },
          ...(rules === undefined ? [] : [{ name: 'HIPAA_MCP_RULES', value: rules }]),
        ],
      },
    ],
  },
  ...more,
})
const named = { namespace: 'clinic', name: 'ehr-0', uid: 'u-1' }

verifies(
  'injection:cni',
  'a plugin of another version than the pod’s sets nothing, and says what to do',
  () => {
    for (const rules of ['0123456789abcdef', ''])
      expect(() => filterFor(guardedPod(['check'], {}, rules), named)).toThrow(
        'apply config/cni of the operator',
      )
    // Where the guard sets the filter itself it is no matter of the plugin.
    expect(filterFor(guardedPod(['set', 'check'], {}, '0123456789abcdef'), named)).toBeUndefined()
  },
)

verifies('injection:cni', 'the ports are those of the pod’s guard, and of that very pod', () => {
  expect(filterFor(guardedPod(['check']), named)).toEqual({
    upstreamPort: 8080,
    discoveryPort: 8081,
    loopback: [5432, 6379],
  })
  expect(filterFor(guardedPod(['set', 'check']), named)).toBeUndefined()
  expect(filterFor({ metadata: { uid: 'u-1', labels: { app: 'web' } } }, named)).toBeUndefined()
  // Another pod of that name by now, and a runtime that names no UID.
  expect(codeOf(() => filterFor(guardedPod(['check']), { ...named, uid: 'u-2' }))).toBe(11)
  expect(codeOf(() => filterFor(guardedPod(['check']), { namespace: 'clinic', name: 'ehr-0' }))).toBe(11)
  // A guard of another version.
  expect(codeOf(() => filterFor(guardedPod(['check'], { spec: {} }), named))).toBe(101)
  const strange = guardedPod(['check'])
  strange.spec = { initContainers: [{ name: 'hipaa-mcp-guard', command: ['check'], env: [] }] }
  expect(codeOf(() => filterFor(strange, named))).toBe(101)
})

const list = (...types: string[]) => listOf({ cniVersion: '1.0.0' }, ...types)
const listOf = (versions: object, ...types: string[]) =>
  JSON.stringify({ ...versions, name: 'pods', plugins: types.map((type) => ({ type })) })
const typesOf = (text: string | undefined) =>
  (JSON.parse(text ?? '{"plugins":[]}') as { plugins: { type: string }[] }).plugins.map(({ type }) => type)

test('the plugin stands last in the list, once, and leaves it as it was', () => {
  expect(typesOf(withPlugin(list('bridge', 'portmap')))).toEqual(['bridge', 'portmap', 'hipaa-mcp-cni'])
  expect(withPlugin(list('bridge', 'hipaa-mcp-cni'))).toBeUndefined()
  expect(typesOf(withPlugin(list('bridge', 'hipaa-mcp-cni', 'istio-cni')))).toEqual([
    'bridge',
    'istio-cni',
    'hipaa-mcp-cni',
  ])
  expect(typesOf(withoutPlugin(list('bridge', 'hipaa-mcp-cni')))).toEqual(['bridge'])
  expect(withoutPlugin(list('bridge'))).toBeUndefined()
  expect(() => withPlugin('{"type":"bridge"}')).toThrow('is no list')
  expect(chosenFile(['99-loop.conf', '10-calico.conflist', '05-old.conflist.bak', '.draft'])).toBe(
    '10-calico.conflist',
  )
  expect(chosenFile(['README'])).toBeUndefined()
})

test('a list of a version that the plugin does not speak stays without it', () => {
  for (const [versions, named] of [
    [{}, '0.1.0'],
    [{ cniVersion: '0.2.0' }, '0.2.0'],
    [{ cniVersion: '1.2.0' }, '1.2.0'],
    [{ cniVersion: '1.0.0', cniVersions: ['1.0.0', '1.2.0'] }, '1.2.0'],
  ] as const) {
    expect(() => withPlugin(listOf(versions, 'bridge')), named).toThrow(`is of cniVersion ${named},`)
    expect(typesOf(withoutPlugin(listOf(versions, 'bridge', 'hipaa-mcp-cni')))).toEqual(['bridge'])
  }
  expect(typesOf(withPlugin(listOf({ cniVersions: ['0.4.0', '1.1.0'] }, 'bridge')))).toEqual([
    'bridge',
    'hipaa-mcp-cni',
  ])
})

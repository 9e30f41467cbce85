// The init container that guards a pod: `guard.ts set check` puts the packet filter in place as root, becomes a user without
// rights and proves it. `guard.ts check`, started as such a user, proves one that somebody else has set.

import { env, exit, stderr, stdout } from 'node:process'
import { uids } from '../core/identifiers.ts'
import { checkGuard } from './guard/check.ts'
import { becomeUser } from './guard/rights.ts'
import { setGuard } from './guard/set.ts'

const commands: { readonly [name: string]: () => Promise<string> | string } = {
  set: () => {
    const discovery = env['HIPAA_MCP_DISCOVERY_PORT']
    return setGuard({
      upstreamPort: upstreamPort(),
      ...(discovery === undefined
        ? {}
        : { discoveryPort: portOf('DISCOVERY_PORT', 'spec.tls.discovery.port') }),
      loopback: loopback(),
    })
  },
  check: async () => {
    const dns = env['HIPAA_MCP_DNS']
    if (dns === undefined || dns === '') throw new Error('HIPAA_MCP_DNS is not set: admission sets it')
    // Root may do what no tenant may: nothing would be proved. There is no way back.
    if (process.getuid?.() === 0) becomeUser(uids.guardCheck)
    return await checkGuard({ upstreamPort: upstreamPort(), dns, loopback: loopback() })
  },
}

function upstreamPort(): number {
  return portOf('UPSTREAM_PORT', 'spec.workload.port')
}

function loopback(): number[] {
  const text = env['HIPAA_MCP_LOOPBACK'] ?? ''
  if (!/^(?:[1-9][0-9]{0,4}(?:,[1-9][0-9]{0,4})*)?$/.test(text))
    throw new Error('HIPAA_MCP_LOOPBACK is no list of ports: admission sets it to spec.workload.loopback')
  return text === '' ? [] : text.split(',').map(Number)
}

function portOf(name: string, from: string): number {
  const text = env[`HIPAA_MCP_${name}`] ?? ''
  if (!/^[1-9][0-9]{0,4}$/.test(text)) {
    throw new Error(`HIPAA_MCP_${name} is not a port: admission sets it to ${from}`)
  }
  return Number(text)
}

const steps = process.argv.slice(2)
try {
  if (steps.length === 0) throw new Error('say what to do: guard.ts set check, or one of the two')
  for (const step of steps) {
    const command = commands[step]
    if (command === undefined) throw new Error(`there is no ${step}: guard.ts set check, or one of the two`)
    stdout.write(`hipaa-mcp-guard: ${await command()}\n`)
  }
} catch (error) {
  stderr.write(`hipaa-mcp-guard: ${error instanceof Error ? error.message : String(error)}\n`)
  exit(1)
}

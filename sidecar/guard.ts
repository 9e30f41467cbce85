// The init container that guards a pod: `guard.ts set check` puts the packet filter in place as root, becomes a user without
// rights and proves it. `guard.ts check`, started as such a user, proves one that somebody else has set.

import { env, exit, stderr, stdout } from 'node:process'
import { type GuardStep, setsFilter } from '../core/guard-command.ts'
import { uids } from '../core/identifiers.ts'
import { checkGuard } from './guard/check.ts'
import { guardConfigOf } from './guard/config.ts'
import { becomeUser } from './guard/rights.ts'
import { setGuard } from './guard/set.ts'

const commands: { readonly [name: string]: () => Promise<string> | string } = {
  set: () => setGuard(guardConfigOf(env)),
  check: async () => {
    const dns = env['HIPAA_MCP_DNS']
    if (dns === undefined || dns === '') throw new Error('HIPAA_MCP_DNS is not set: admission sets it')
    // Root may do what no tenant may: nothing would be proved. There is no way back.
    if (process.getuid?.() === 0) becomeUser(uids.guard)
    return await checkGuard({ ...guardConfigOf(env), dns })
  },
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
  const proves = steps.includes('check' satisfies GuardStep) && !setsFilter(steps)
  const plugin = !proves
    ? ''
    : '. Here the node’s network plugin hipaa-mcp-cni sets the filter, when the pod begins: once it runs on this node, delete the pod'
  stderr.write(`hipaa-mcp-guard: ${error instanceof Error ? error.message : String(error)}${plugin}\n`)
  exit(1)
}

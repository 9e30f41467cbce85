// The shim in an agent's pod: it holds the agent's certificate, signs a person in, and again before the token is old.
//
//   node test/conformance/shim/main.ts PORT
//
// Settings are the sample agent's: AGENT_URL, AGENT_ISSUER, AGENT_RESOURCE, AGENT_PERSON, AGENT_CERTIFICATES.

import { certificatesIn } from '../../sample/agent.ts'
import { signIn } from '../../sample/sign-in.ts'
import { renewing } from './renewing.ts'
import { startShim } from './shim.ts'

function setting(name: string): string {
  const value = process.env[`AGENT_${name}`]
  if (!value) throw new Error(`AGENT_${name} is missing`)
  return value
}

const [issuer, person, resource] = [setting('ISSUER'), setting('PERSON'), setting('RESOURCE')]
const { cert, key, ca } = certificatesIn(setting('CERTIFICATES'))
if (cert === undefined || key === undefined) throw new Error('AGENT_CERTIFICATES holds no certificate')

const token = renewing(async () => await signIn({ issuer, person, resource, tls: { cert, key, ca } }))
// Whoever waits for the port is to find somebody who is signed in.
await token()
const shim = await startShim({
  target: new URL(setting('URL')),
  tls: { cert, key, ca },
  identify: async () => ({ authorization: `Bearer ${await token()}` }),
  port: Number(process.argv[2]),
})
console.log(`listening for ${setting('URL')}`)
process.once('SIGTERM', () => void shim.close())

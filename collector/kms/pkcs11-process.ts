// The process in which an HSM's library runs, for pkcs11.ts. It ends with whoever started it.

import type { Pkcs11Answer, Pkcs11Request } from './pkcs11.ts'

/** pkcs11js is an addon: without it every question has one answer. */
const { answer } = await import('./pkcs11-token.ts').catch(() => ({
  answer: ({ id }: Pkcs11Request): Pkcs11Answer => ({ id, failed: 'kms-addon' }),
}))

process.on('message', (request: Pkcs11Request) => {
  process.send?.(answer(request))
})
// The collector is gone: so is whatever this process knows.
process.on('disconnect', () => process.exit(0))

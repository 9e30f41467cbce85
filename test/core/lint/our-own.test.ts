// What the product's own demonstrations apply must get through admission.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { lintServer } from '../../../core/lint/lint.ts'
import type { HipaaMcpServer } from '../../../crds/hipaamcpserver.generated.ts'
import { permitAll } from '../../conformance/permit-all.ts'
import { aCleanServer, context } from './a-server.ts'

const { identity } = aCleanServer().spec

const servers: { [name: string]: HipaaMcpServer } = {
  'the demo’s': parse(
    readFileSync('test/demo/manifests/server.yaml', 'utf8').replaceAll(/\$\{\w+\}/g, 'a certificate'),
  ) as HipaaMcpServer,
  'that of the conformance suites': {
    ...aCleanServer(),
    spec: permitAll({
      port: 8080,
      identity,
      when: { role: 'Suite' },
      purpose: 'TREAT',
      origin: new URL('http://127.0.0.1:8080'),
    }),
  },
}

test.each(Object.entries(servers))('%s server has no error', (_, server) => {
  const errors = lintServer(server, context).filter(({ severity }) => severity === 'error')

  expect(errors.map(({ rule, place, found }) => [rule, place, found])).toEqual([])
})

import { expect, test } from 'vitest'
import { targetOf } from './scrape-targets.ts'

test.each([
  ['10.128.0.5', '10.128.0.5:8081'],
  ['fd10:99:0:100::5', '[fd10:99:0:100::5]:8081'],
])('a pod at %s is asked at %s', (podIP, target) => {
  const metadata = { name: 'operator', namespace: 'hipaa-mcp-system' }

  expect(targetOf({ metadata, status: { podIP, phase: 'Running' } })?.targets).toEqual([target])
})

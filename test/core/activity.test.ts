import { expect } from 'vitest'
import { isActivity } from '../../core/activity.ts'
import { verifies } from '../verifies.ts'

const work = 'tools/call resources/read prompts/get completion/complete tasks/result'.split(' ')
const byItself =
  'ping initialize server/discover GET DELETE tasks/get subscriptions/listen notifications/initialized tools/list'

verifies(
  'authentication:logoff',
  'what asks for something is work, what hosts send by themselves is not',
  () => {
    expect(work.filter((method) => !isActivity(method))).toEqual([])
    expect(byItself.split(' ').filter((method) => isActivity(method))).toEqual([])
  },
)

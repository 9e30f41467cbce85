import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { alertsOf, questionsOf } from '../demo/prometheus.ts'
import { dashboard, rules } from '../demo/steps/monitoring.ts'

const monitoring = join(import.meta.dirname, '..', '..', 'config', 'monitoring')
const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8' })

test('Prometheus’ own tool accepts the alert rules', async () => {
  const { length } = alertsOf(await rules())
  const { status, stdout, stderr } = promtool('check', 'rules', join(monitoring, 'rules.yaml'))

  expect(`${stdout}${stderr}`).toContain(`SUCCESS: ${length} rules found`)
  expect(status).toBe(0)
})

test('Prometheus’ own parser accepts every question of the dashboard', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'questions-'))
  // As recording rules, since promtool parses expressions in rule files only.
  const rules = questionsOf(await dashboard()).map(({ expr }, at) => ({ record: `question_${at}`, expr }))
  await writeFile(join(folder, 'questions.yaml'), stringify({ groups: [{ name: 'questions', rules }] }))

  const { status, stdout, stderr } = promtool('check', 'rules', join(folder, 'questions.yaml'))
  await rm(folder, { recursive: true })

  expect(`${stdout}${stderr}`).toContain(`SUCCESS: ${rules.length} rules found`)
  expect(status).toBe(0)
})

test('the alert fires on a signal and on a lock that lasts, and on nothing else', () => {
  const { status, stdout, stderr } = promtool(
    'test',
    'rules',
    join(import.meta.dirname, 'rules.promtool.yaml'),
  )

  expect(`${stdout}${stderr}`).toContain('SUCCESS')
  expect(status).toBe(0)
})

// What is generated below config/monitoring/. test/generate.ts writes it and compares it.

import { dashboardText } from './dashboard.ts'
import { prometheusRuleText, rulesText } from './rules.ts'

const file = (name: string): URL => new URL(name, import.meta.url)

/** Path and text of every generated file of this folder. */
export function monitoringFiles(): { path: URL; text: string }[] {
  return [
    { path: file('dashboard.json'), text: dashboardText() },
    { path: file('rules.yaml'), text: rulesText() },
    { path: file('prometheus-operator/prometheusrule.yaml'), text: prometheusRuleText() },
  ]
}

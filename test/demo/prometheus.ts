// Asks a Prometheus, and reads which questions a dashboard and its alert rules ask.

import { parse } from 'yaml'

/** `instant` gives one value a series, `range` many. Times are seconds since 1970. */
export type Series = { labels: Record<string, string>; points: [time: number, value: number][] }
export type Ask = {
  instant: (expr: string) => Promise<Series[]>
  range: (expr: string, start: number, end: number, step: number) => Promise<Series[]>
}

type Answer = {
  status: string
  error?: string
  data: {
    resultType: string
    result: { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }[]
  }
}

/** `get` fetches a path below the Prometheus' root and gives the text. */
export function prometheus(get: (path: string) => Promise<string>): Ask {
  const query = async (path: string, parameters: Record<string, string>): Promise<Series[]> => {
    const answer = JSON.parse(
      await get(`/api/v1/${path}?${new URLSearchParams(parameters).toString()}`),
    ) as Answer
    if (answer.status !== 'success')
      throw new Error(`Prometheus refused ${parameters['query']}: ${answer.error}`)
    return answer.data.result.map(({ metric, value, values }) => ({
      labels: metric,
      points: (values ?? (value === undefined ? [] : [value])).map(([time, text]) => [time, Number(text)]),
    }))
  }
  return {
    instant: async (expr) => await query('query', { query: expr }),
    range: async (expr, start, end, step) =>
      await query('query_range', { query: expr, start: String(start), end: String(end), step: String(step) }),
  }
}

export type Target = { refId: string; expr: string; legendFormat?: string; instant?: boolean }
export type Panel = {
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: Target[]
  fieldConfig?: {
    defaults?: {
      unit?: string
      decimals?: number
      thresholds?: { steps: { value: number | null; color: string }[] }
    }
  }
  transformations?: {
    id: string
    options: { excludeByName?: Record<string, boolean>; renameByName?: Record<string, string> }
  }[]
}
export type Dashboard = { title: string; description?: string; panels: Panel[] }

/** What Grafana fills in: every server, and a rate's span of four scrapes at least. */
export const filled = (expr: string): string =>
  expr.replaceAll('$server', '.+').replaceAll('$__rate_interval', '30s')

/** Every question of the panels, by the panel's title. */
export function questionsOf({ panels }: Dashboard): { panel: string; expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, expr: filled(expr) })),
  )
}

/** The alerts of a rule file, each with the part of its expression that must have data, whatever its threshold. */
export function alertsOf(rules: string): { alert: string; expr: string; measure: string }[] {
  const { groups } = parse(rules) as { groups: { rules: { alert: string; expr: string }[] }[] }
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => ({
      alert,
      expr,
      measure: expr.replace(/\s*(==|>=|>|<=|<)\s*[\d.]+\s*$/, ''),
    })),
  )
}

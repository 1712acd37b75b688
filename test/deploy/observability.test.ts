/** Dashboard, alerts and their document name metrics and alerts that there are, and all of them. `.ci/observability` runs them. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { createMetrics } from '../../src/ops/metrics.ts'
import { rowsByCode } from '../support/markdown.ts'
import { exportedMetrics } from '../support/observed.ts'

const read = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

type DataSource = { readonly type: string; readonly uid: string }
type Panel = {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: DataSource
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null }[] }
    }
  }
  readonly targets?: readonly { readonly expr: string; readonly datasource: DataSource }[]
}
type Dashboard = {
  readonly panels: readonly Panel[]
  readonly annotations: {
    readonly list: readonly { readonly expr: string; readonly datasource: DataSource }[]
  }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string }[]
  }
}
type Rules = {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly labels: { readonly severity: string }
      readonly annotations: { readonly summary: string; readonly description: string }
    }[]
  }[]
}
type RuleTests = {
  readonly tests: readonly {
    readonly input_series: readonly { readonly series: string }[]
    readonly promql_expr_test: readonly {
      readonly exp_samples: readonly { readonly labels: string }[]
    }[]
  }[]
}

const dashboard = JSON.parse(read('deploy/observability/grafana-dashboard.json')) as Dashboard
const rules = (parse(read('deploy/observability/alerts.yaml')) as Rules).groups.flatMap(
  (group) => group.rules,
)
const ruleTests = ['alerts.test.yaml', 'alerts.week.test.yaml'].flatMap(
  (file) => (parse(read(`deploy/observability/${file}`)) as RuleTests).tests,
)
const shown = dashboard.panels.filter(({ type }) => type !== 'row')
const dashboardExpressions = [
  ...shown.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
]

/** Names of an expression that are metrics: no label, function, keyword, duration or variable. */
function metricsIn(expression: string): readonly string[] {
  const bare = expression.replace(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on)\s*\([^)]*\)/g, ' ')
  return [...bare.matchAll(/\b[a-z]\w*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !['and', 'by', 'offset', 'on', 'or', 'unless'].includes(name))
    .filter((name) => name.includes('_') || name === 'up')
}

/** Everything that a scrape has, and what Prometheus itself adds. */
async function known(): Promise<ReadonlySet<string>> {
  const { text } = await createMetrics('1').render(undefined)
  const defaults = [...text.matchAll(/^# TYPE ((?:process|nodejs)_\w+) /gm)]
  const own = (await exportedMetrics()).flatMap(([name, type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )
  return new Set(['up', ...defaults.map(([, name = '']) => name), ...own])
}

t.test('names of metrics are found in an expression, and nothing else is taken for one', (t) => {
  t.strictSame(
    metricsIn(`sum by (job, some_label) (rate(a_total{b_c="d_e"}[5m] offset 5m)) > on (f_g)
      2 * (1 + 3600 / b_seconds) and on (job) histogram_quantile(0.5, up)`),
    ['a_total', 'b_seconds', 'up'],
  )
  t.end()
})

t.test('dashboard, rules and their tests name only metrics that the code exports', async (t) => {
  const names = await known()
  const series = ruleTests.flatMap(({ input_series }) => input_series.map((one) => one.series))
  for (const expression of [...dashboardExpressions, ...rules.map(({ expr }) => expr), ...series]) {
    const found = metricsIn(expression)
    t.ok(found.length > 0, expression)
    for (const name of found) t.ok(names.has(name), name)
  }
})

t.test('every metric of ours is on the dashboard or in an alert', async (t) => {
  const used = [...dashboardExpressions, ...rules.map(({ expr }) => expr)].flatMap(metricsIn)
  for (const [name] of await exportedMetrics())
    t.ok(
      used.some((one) => one.replace(/_bucket$/, '') === name),
      name,
    )
})

t.test('a panel says what it shows, in which unit, from the data source that was chosen', (t) => {
  t.strictSame(
    dashboard.templating.list.map(({ name, type }) => `${name} ${type}`),
    ['datasource datasource', 'job query', 'instance query'],
  )
  t.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  for (const row of ['Inbound', 'Outbound', 'Tokens', 'Keys', 'Reloads', 'Saturation'])
    t.ok(
      dashboard.panels.some(({ type, title }) => type === 'row' && title === row),
      row,
    )
  for (const { title, description, fieldConfig, datasource, targets = [] } of shown) {
    t.match(description, /\.$/, title)
    t.match(fieldConfig?.defaults.unit, /^\w+$/, title)
    t.ok((fieldConfig?.defaults.thresholds?.steps.length ?? 0) > 0, title)
    t.ok(targets.length > 0, title)
    for (const source of [datasource, ...targets.map((target) => target.datasource)])
      t.strictSame(source, { type: 'prometheus', uid: '${datasource}' }, title)
    for (const { expr } of targets) t.match(expr, 'job=~"$job", instance=~"$instance"', title)
  }
  t.end()
})

t.test('panels lie side by side, none over another', (t) => {
  const taken = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    t.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        t.notOk(taken.has(`${x} ${y}`), title)
        taken.add(`${x} ${y}`)
      }
  }
  t.end()
})

t.test('every alert fires in a test, and docs/metrics.md says what to do about it', (t) => {
  const names = rules.map(({ alert }) => alert).toSorted()
  const fired = ruleTests.flatMap(({ promql_expr_test }) =>
    promql_expr_test.flatMap(({ exp_samples }) =>
      exp_samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1] ?? labels),
    ),
  )
  t.strictSame([...new Set(fired)].toSorted(), names)
  const told = rowsByCode(read('docs/metrics.md')).filter(([name]) => name.startsWith('Scopegate'))
  t.strictSame(
    told.map(([name, severity]) => [name, severity]).toSorted(),
    rules.map(({ alert, labels }) => [alert, labels.severity]).toSorted(),
  )
  for (const [name, , when, action] of told) t.ok(when !== '' && action !== '', name)
  for (const { alert, annotations } of rules) {
    t.match(annotations.summary, '{{ $', alert)
    t.match(annotations.description, /\.$/, alert)
  }
  t.end()
})

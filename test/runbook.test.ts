/** Each failure of docs/runbook.md happens here: what the entry quotes is what was said, what it names is there. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { failures } from './runbook/failures.ts'
import { masked, quotedIn, toldBy } from './runbook/happened.ts'
import { anchor, headings, links, section } from './support/markdown.ts'
import { exportedMetrics } from './support/observed.ts'

const read = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')
const runbook = read('runbook.md')
const groups = headings(runbook).filter((heading) => runbook.includes(`\n## ${heading}\n`))
const entries = groups.flatMap((group) => headings(section(runbook, `## ${group}`)))

/** Code spans such as `scopegate_decisions_total{reason="no_route"}`: the name, and each label with its value. */
function metricsIn(text: string) {
  return [...text.matchAll(/`(scopegate_\w+)(?:\{([^}]*)\})?/g)].map(([span, name, labels]) => ({
    ...{ span, name: name ?? '' },
    labels: labels?.split(/,(?=\w+=)/) ?? [],
  }))
}

/** Whether a sample has this name and these labels, and is not zero. */
function isCounted(metrics: string, { name, labels }: ReturnType<typeof metricsIn>[number]) {
  return metrics
    .split('\n')
    .filter((line) => new RegExp(`^${name}(?:_count)?[{ ]`).test(line) && !line.endsWith(' 0'))
    .some((line) => labels.every((label) => line.includes(label)))
}

t.test('there is an entry for each failure, and one for each of them is found by symptom', (t) => {
  t.strictSame(entries, Object.keys(failures))
  t.ok(entries.length >= 20)
  const found = new Set(links(section(runbook, '## By symptom')).map((link) => link.slice(1)))
  t.strictSame([...found], entries.map(anchor), 'in this order')
  t.end()
})

t.test('every metric that it names is exported, every alert is one of ours', async (t) => {
  const exported = (await exportedMetrics()).map(([name]) => name)
  for (const { span, name } of metricsIn(runbook)) t.ok(exported.includes(name), span)
  const alerts = runbook.match(/`Scopegate[A-Z]\w+`/g) ?? []
  t.ok(alerts.length > 3)
  const rules = read('../deploy/observability/alerts.yaml')
  for (const alert of alerts) t.match(rules, `alert: ${alert.slice(1, -1)}\n`)
})

for (const [heading, happen] of Object.entries(failures))
  t.test(heading, async (t) => {
    const entry = section(runbook, `### ${heading}`)
    const { quotes, answers = [], metrics = '' } = await happen(t)
    t.strictSame(quotedIn(entry).map(masked), quotes.map(masked), 'it quotes what was said')
    for (const part of ['Seen', 'Look at', 'Cure', 'Prevent'])
      t.match(entry, new RegExp(`^(?:- )?${part}: \\S`, 'm'), part)
    for (const { status, code, detail } of answers.map(toldBy)) {
      t.match(entry, `${status} \`${code}\``)
      if (/^invalid_/.test(code)) t.match(entry, `\`${detail}\``)
    }
    for (const named of metricsIn(entry)) t.ok(isCounted(metrics, named), named.span)
  })

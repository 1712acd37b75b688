/** Documents are held against the code: configurations load, tables are complete, links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { commandNames } from '../src/cli.ts'
import { formatProblem, loadConfig } from '../src/config/load.ts'
import { answers } from '../src/proxy/problems.ts'
import { tokenFailures } from '../src/tokens/failures.ts'
import { ok } from '../src/units.ts'
import { makeCertificates } from './support/certificates.ts'
import { yamlBlocks } from './support/documents.ts'
import { anchor, headings, links, rowsByCode, section } from './support/markdown.ts'
import { exportedMetrics, loggedFields } from './support/observed.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const markdownIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
const adrs = markdownIn('docs/adr').filter((file) => !file.endsWith('README.md'))
const documents = [...markdownIn('.'), ...markdownIn('docs'), ...markdownIn('docs/adr')]
const readme = read('README.md')
const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>
  dependencies: Record<string, string>
}

/** Files of cases have a version, too; test/commands/test.test.ts runs them. */
const isConfiguration = (text: string): boolean => /^version:/m.test(text) && !/^cases:/m.test(text)

t.test('every whole configuration in a document loads', (t) => {
  const { cert, key } = makeCertificates()
  const content = (path: string): string => {
    if (path.endsWith('.json')) return '{"keys":[]}'
    if (/key[^/]*$/.test(path)) return key
    return /(ca|cert|crt|pem)[^/]*$/.test(path) ? cert : 'a-secret\n'
  }
  for (const file of documents) {
    const whole = yamlBlocks(read(file)).filter(({ text }) => isConfiguration(text))
    for (const { line, text } of whole) {
      const names = [...text.matchAll(/(?:\$\{(?=\w+\})|env: )([A-Z_]+)/g)].map(
        ([, name = '']) => name,
      )
      const env = { ...Object.fromEntries(names.map((name) => [name, 'a-value'])), YAML: text }
      const loaded = loadConfig({ env: 'YAML' }, { env, readFile: (path) => ok(content(path)) })
      const problems = loaded.ok ? [] : loaded.problem.problems
      t.same(
        problems.map((problem) => formatProblem(file, problem)),
        [],
        `${file}, block at line ${line}`,
      )
    }
  }
  t.end()
})

t.test('the README says what `scopegate` is in any folder', (t) => {
  t.match(readme, '`npm run build` and\n`alias scopegate="node $PWD/dist/main.js"`')
  t.notMatch(readme, 'stands for `node dist')
  t.end()
})

t.test('inbound and outbound of the README have ten lines each', (t) => {
  for (const heading of ['## Inbound in ten lines', '## Outbound in ten lines']) {
    const [block] = yamlBlocks(section(readme, heading))
    t.equal(block?.text.trimEnd().split('\n').length, 10, heading)
  }
  t.end()
})

t.test(
  'docs/problems.md has every code with its status, and every token failure with its kind',
  (t) => {
    const problems = read('docs/problems.md')
    const told = headings(problems).flatMap((heading) => {
      const found = /^`(\w+)` · (\d{3})$/.exec(heading)
      return found === null ? [] : [[found[1], Number(found[2])] as const]
    })
    const statuses = Object.entries(answers).map(([code, { status }]) => [code, status] as const)
    t.same(told.toSorted(byCode), statuses.toSorted(byCode))
    for (const [code, status] of statuses)
      for (const part of ['Cause', 'Caller', 'Operator'])
        t.match(section(problems, `### \`${code}\` · ${status}`), `- ${part}: `)
    const failures = rowsByCode(section(problems, '## Token failures'))
    t.same(
      failures.map(([code, kind]) => [code, kind]).toSorted(byCode),
      Object.entries(tokenFailures)
        .map(([code, { kind }]) => [code, kind])
        .toSorted(byCode),
    )
    t.end()
  },
)

t.test('reasons for invalid_token in docs/problems.md are words of the code', (t) => {
  const code = readdirSync(join(root, 'src/tokens')).map((name) => read(`src/tokens/${name}`))
  const rows = rowsByCode(section(read('docs/problems.md'), '### `invalid_token` · 401'))
  t.ok(rows.length > 10)
  for (const [words] of rows) t.ok(code.join('').includes(`'${words}'`), words)
  t.end()
})

t.test('docs/metrics.md has every metric with its type and labels', async (t) => {
  const told = rowsByCode(read('docs/metrics.md')).filter(([name]) => name.startsWith('scopegate_'))
  t.same(
    told.map(([name, type = '', labels = '']) => [name, type, labels]).toSorted(byCode),
    (await exportedMetrics()).toSorted(byCode),
  )
})

t.test('docs/logs.md has every field of a request, and every event', (t) => {
  const logs = read('docs/logs.md')
  const told = rowsByCode(section(logs, '## A request')).map(([field]) => field)
  t.same(told.toSorted(), loggedFields().toSorted())

  const events = section(logs, '## Events')
  const sources = [
    ...['src/proxy/reports.ts', 'src/proxy/proxy.ts', 'src/commands/serve.ts'],
    ...['src/ops/open-tracing.ts', 'src/ops/otel.ts', 'src/commands/exposure-watch.ts'],
  ].map(read)
  const messages = [...sources.join('\n').matchAll(/log\.event\(\s*[^,]+,\s*'([^']+)'/g)]
  t.ok(messages.length > 10)
  for (const [, message = ''] of messages) t.match(events, `\`${message}\``)
  t.end()
})

t.test('the README has every command, and documents name no other', (t) => {
  const told = rowsByCode(section(readme, '## Operate')).flatMap(([code]) => {
    const found = /^scopegate ([a-z]+)$/.exec(code)
    return found === null ? [] : [found[1] ?? '']
  })
  t.same(told.toSorted(), commandNames.toSorted())
  for (const file of documents)
    for (const [text, name = ''] of read(file).matchAll(/`scopegate ([a-z]+)/g))
      t.ok(commandNames.includes(name as (typeof commandNames)[number]), `${file}: ${text}`)
  t.end()
})

t.test('scripts that documents name are in package.json', (t) => {
  const named = documents.flatMap((file) => [
    ...read(file).matchAll(/\bnpm (?:run )?(start|test|(?<=run )[a-z:]+)/g),
  ])
  t.ok(named.length > 3)
  for (const [text, name = ''] of named) t.ok(name in manifest.scripts, text)
  t.end()
})

t.test(
  'every relative link in a document leads to a file, and to a heading where it names one',
  (t) => {
    let count = 0
    for (const file of documents)
      for (const link of links(read(file))) {
        if (/^[a-z]+:/.test(link)) continue
        count += 1
        const [path = '', fragment] = link.split('#')
        const target = path === '' ? file : join(dirname(file), path)
        t.ok(existsSync(join(root, target)), `${file}: ${link}`)
        if (fragment !== undefined)
          t.ok(headings(read(target)).map(anchor).includes(fragment), `${file}: ${link}`)
      }
    t.ok(count > 30)
    t.end()
  },
)

t.test('every decision is listed under its title and has its four parts', (t) => {
  const index = read('docs/adr/README.md')
  for (const file of adrs) {
    const text = read(file)
    const [title = '', ...parts] = headings(text)
    const [number = '', words = ''] = title.split(/\. (.*)/)
    t.equal(file.slice('docs/adr/'.length, 'docs/adr/'.length + 4), number)
    t.match(index, `[${number}](${file.slice('docs/adr/'.length)}) ${words}\n`)
    t.same(parts, ['Situation', 'Decision', 'Consequences', 'What would make us think again'], file)
  }
  t.equal(index.match(/^- \[/gm)?.length, adrs.length)
  t.end()
})

t.test('every runtime dependency has a decision', (t) => {
  const titles = adrs.map((file) => headings(read(file))[0] ?? '')
  for (const name of Object.keys(manifest.dependencies))
    t.ok(
      titles.some((title) => title.split(/[ ,]+/).includes(name)),
      name,
    )
  t.end()
})

function byCode(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]).localeCompare(String(b[0]))
}

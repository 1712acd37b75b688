/**
 * How long the commands of a review take on a large configuration; exit code 1 when one takes more than two seconds.
 *
 *   npm run bench:review     (about a minute)
 *
 * 2,000 routes, 200 clients in two templates, 2,000 cases, 2,000 operations, a log of 100,000 requests. The best of five
 * runs of the built command counts: what else a machine has to do only makes them worse.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Figure, isKept, tableOf } from './figure.ts'
import {
  casesText,
  clientsText,
  configText,
  logText,
  openapiText,
  poolText,
} from './review-input.ts'

const command = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const rounds = 5
const bound = 2

const folder = mkdtempSync(join(tmpdir(), 'scopegate-'))
for (const [name, text] of Object.entries({
  'old.yaml': configText(),
  'new.yaml': configText(7),
  'pool.yaml': poolText(),
  'clients.yaml': clientsText(),
  'cases.yaml': casesText(),
  'api.json': openapiText(),
  'access.log': logText(),
}))
  writeFileSync(join(folder, name), text)

const config = ['-c', 'old.yaml']
const templates = ['pool.yaml', 'clients.yaml']
const runs: readonly (readonly [words: readonly string[], exitCodes: readonly number[]])[] = [
  [['check', ...config], [0]],
  [
    ['explain', 'GET', '/area-7/resource-7/x', ...config],
    [0, 1],
  ],
  [['test', 'cases.yaml', ...config], [0]],
  [['access', ...config, '--template', ...templates], [0]],
  [['access', ...config, '--format', 'html', '--template', ...templates], [0]],
  [
    ['check', ...config, '--template', ...templates],
    [0, 1],
  ],
  [['diff', 'old.yaml', 'new.yaml'], [0]],
  [
    [
      'diff',
      'old.yaml',
      'new.yaml',
      '--template-old',
      ...templates,
      '--template-new',
      ...templates,
    ],
    [0],
  ],
  [['import', 'openapi', 'api.json'], [0]],
  [
    ['check', ...config, '--openapi', 'api.json'],
    [0, 1],
  ],
  [['learn', 'access.log'], [0]],
  [
    ['learn', 'access.log', ...config, '--unused', '30'],
    [0, 1],
  ],
]

/** Best time in seconds. Throws when the command could not do its work. */
function measure(words: readonly string[], exitCodes: readonly number[]): number {
  let best = Infinity
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now()
    const { status, stderr } = spawnSync(process.execPath, [command, ...words], {
      ...{ cwd: folder, encoding: 'utf8', maxBuffer: 1e9 },
    })
    best = Math.min(best, (performance.now() - start) / 1000)
    if (status === null || !exitCodes.includes(status))
      throw new Error(`${words.join(' ')}: exit code ${String(status)}\n${stderr.slice(0, 2000)}`)
  }
  return best
}

try {
  const figures = runs.map(([words, exitCodes]): Figure => {
    console.error(words[0])
    return { name: words.join(' '), unit: 's', bound, measured: measure(words, exitCodes) }
  })
  console.log(`Node ${process.version}\n\n${tableOf(figures)}`)
  process.exitCode = figures.every(isKept) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}

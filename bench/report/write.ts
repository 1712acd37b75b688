/** Results as files. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import type { Results } from './report.ts'

const picture = '![CPU per request of Scopegate and its peers](images/cpu.svg)'
const docs = join(import.meta.dirname, '../../docs')

/** results.json, and cpu.svg when there is a plot. */
export function writeInto(folder: string, results: Results, plot: string | undefined): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  if (plot !== undefined) writeFileSync(join(folder, 'cpu.svg'), plot)
}

/** The documents' own figures: text between the marks of performance.md, its JSON, its picture. */
export async function writeDocuments(
  markdown: string,
  results: Results,
  plot: string | undefined,
): Promise<void> {
  const page = join(docs, 'performance.md')
  const before = readFileSync(page, 'utf8')
  const marked = /(?<=<!-- results -->\n)[^]*(?=<!-- \/results -->)/
  if (!marked.test(before)) throw new Error('docs/performance.md has no marks for results')
  const shown = plot === undefined ? '' : `${picture}\n\n`
  const after = before.replace(marked, () => `\n${shown}${markdown}\n\n`)
  const layout = { semi: false, singleQuote: true, printWidth: 100 }
  writeFileSync(page, await format(after, { ...layout, parser: 'markdown' }))
  const json = await format(JSON.stringify(results), { ...layout, parser: 'json' })
  writeFileSync(join(docs, 'performance.json'), json)
  if (plot !== undefined) writeFileSync(join(docs, 'images/cpu.svg'), plot)
}

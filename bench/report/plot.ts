/** CPU per request as bars: a picture of its own, in the colours of the reader's theme. Pure. */
import type { Row } from '../measure/measures.ts'
import { spreadOf } from './statistics.ts'

const groups = [
  { kind: 'one', title: 'one token' },
  { kind: 'thousand', title: '1,000 tokens' },
  { kind: 'new', title: 'a new token on every request' },
] as const

const width = 760
const left = 290
const right = 130
const step = 30
const style = `text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 } .group { font-weight: 600 } .quiet { fill: #57606a }
.bar { fill: #8c959f } .ours { fill: #1a7f64 } .median { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9198a1 }
  .bar { fill: #6e7681 } .ours { fill: #3fb68b } .median { stroke: #e6edf3 }
}`

/** An SVG document; undefined when no kind that it shows was measured. */
export function plotOf(rows: readonly Row[], node: string): string | undefined {
  const shown = groups
    .map(({ kind, title }) => ({ title, bars: rows.flatMap((row) => barOf(row, kind)) }))
    .filter(({ bars }) => bars.length > 0)
  if (shown.length === 0) return undefined
  const most = Math.max(...shown.flatMap(({ bars }) => bars.map(({ median }) => median)))
  const scale = (width - left - right) / most
  let y = 62
  const parts = shown.flatMap(({ title, bars }) => {
    const drawn = [text(16, (y += 20), 'group', `GET 1 KiB, ${title}`)]
    for (const bar of bars) drawn.push(draw(bar, (y += step) - 13, scale))
    y += 20
    return drawn
  })
  const height = y + 4
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>CPU per request of Scopegate and its peers</title>
<style>
${style}
</style>
${text(16, 28, 'title', 'CPU per request, µs')}
${text(16, 50, 'quiet', `less is better; bar: best round, line: median; Node ${node}`)}
${parts.join('\n')}
</svg>
`
}

type Bar = { readonly name: string; readonly best: number; readonly median: number }

/** The upstream itself is no peer. */
function barOf({ kind, system, numbers }: Row, wanted: string): readonly Bar[] {
  if (kind !== wanted || numbers.cpu === undefined || system.startsWith('upstream')) return []
  return [{ name: system, ...spreadOf(numbers.cpu) }]
}

function draw({ name, best, median }: Bar, y: number, scale: number): string {
  const one = (value: number): string => value.toFixed(1)
  const [end, line] = [best * scale, left + median * scale]
  const fill = name.startsWith('Scopegate') ? 'ours' : 'bar'
  return [
    text(left - 10, y + 4, '', name, 'end'),
    `<rect class="${fill}" x="${left}" y="${y - 9}" width="${one(end)}" height="18" rx="2"/>`,
    `<line class="median" x1="${one(line)}" x2="${one(line)}" y1="${y - 12}" y2="${y + 12}"/>`,
    text(Math.max(left + end, line) + 8, y + 4, '', `${one(best)}  (${one(median)})`),
  ].join('\n')
}

function text(x: number, y: number, name: string, content: string, anchor = 'start'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${name}" text-anchor="${anchor}">${escaped}</text>`
}

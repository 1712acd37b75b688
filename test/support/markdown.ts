/** Markdown as far as the tests of the documents need it. */

/** Cells of every table row whose first cell is one code span; the first cell without its backticks. */
export function rowsByCode(markdown: string): readonly (readonly [string, ...string[]])[] {
  return markdown.split('\n').flatMap((line) => {
    const found = /^\| *`([^`]+)` *\|(.*)\|$/.exec(line)
    if (found === null) return []
    const [, code = '', rest = ''] = found
    return [[code, ...rest.split('|').map((cell) => cell.trim())] as const]
  })
}

/** From the heading on, without it, to the next one of its level or above; empty when it is not there. */
export function section(markdown: string, heading: string): string {
  const level = heading.indexOf(' ')
  const lines = outsideCode(markdown)
  const start = lines.indexOf(heading)
  if (start < 0) return ''
  const rest = markdown.split('\n').slice(start + 1)
  const end = lines
    .slice(start + 1)
    .findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level)
  return (end < 0 ? rest : rest.slice(0, end)).join('\n')
}

/** Texts of headings, as written. */
export function headings(markdown: string): readonly string[] {
  return outsideCode(markdown)
    .filter((line) => /^#+ /.test(line))
    .map((line) => line.replace(/^#+ /, ''))
}

/** The fragment by which a heading is linked to, as GitHub makes it. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** Targets of links and pictures. */
export function links(markdown: string): readonly string[] {
  return outsideCode(markdown).flatMap((line) =>
    [...line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
  )
}

/** Every line; those of code blocks are empty. */
function outsideCode(markdown: string): readonly string[] {
  let isCode = false
  return markdown.split('\n').map((line) => {
    if (!/^\s*```/.test(line)) return isCode ? '' : line
    isCode = !isCode
    return ''
  })
}

/** How configuration problems are ordered and printed (SPEC 2: file, line, column, key, what would be right). */
import type { NonEmpty } from '../units.ts'
import type { ConfigProblem } from './config.ts'

/** Where a value stands in the tree: keys and list indexes from the root. */
export type KeyPath = readonly (string | number)[]

/** `inbound.routes[2].scopes`; a key that is no plain word is quoted. Pure. */
export function keyText(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    const word = /^[\w-]+$/.test(step) ? step : JSON.stringify(step)
    return text === '' ? word : `${text}.${word}`
  }, '')
}

/** In the order of the file, each said once. Pure. */
export function sortProblems(problems: NonEmpty<ConfigProblem>): NonEmpty<ConfigProblem>
export function sortProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[]
export function sortProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const once = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...once.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}

/** What may stand on a terminal: controls and direction marks are written as escapes. Pure. */
export function printable(text: string): string {
  return text.replace(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    // a match has a sign
    (sign) => `\\u{${(sign.codePointAt(0) as number).toString(16)}}`,
  )
}

/** `file:line:column key: message`, as editors and terminals understand it. Pure. */
export function formatProblem(file: string, problem: ConfigProblem): string {
  const key = problem.key === '' ? '' : `${problem.key}: `
  return printable(`${file}:${problem.line}:${problem.column} ${key}${problem.message}`)
}

/** What a failure leaves behind when it happens, and how documents quote it. */
import type { Test } from 'tap'
import type { RawAnswer } from '../support/wire.ts'

export type Happened = {
  /** Log lines, answers and what commands print, in the order in which the entry quotes them. */
  readonly quotes: readonly string[]
  /** What callers got from Scopegate. */
  readonly answers?: readonly RawAnswer[]
  /** The text of `/metrics` afterwards. */
  readonly metrics?: string
}

/** Heading of the entry -> the failure, produced with a running proxy. */
export type Failures = Readonly<Record<string, (t: Test) => Promise<Happened>>>

export const quoteOf = (line: object): string => JSON.stringify(line)

export type Told = { readonly status: number; readonly code: string; readonly detail: string }

/** The members of a problem that people read. */
export function toldBy({ status, body }: RawAnswer): Told {
  const { code, detail } = JSON.parse(body) as Told
  return { status, code, detail }
}

/** What is another one each time: times, ids, ports, durations, folders of tests. */
const variable: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME'],
  [/"(requestId|configHash)":"[0-9a-f-]+"/g, '"$1":"ID"'],
  [/"(durationMs|upstreamMs|exp)":\d+(?:\.\d+)?/g, '"$1":0'],
  [/\b127\.0\.0\.1:\d+/g, '127.0.0.1:PORT'],
  [/[^\s"]*\/scopegate-\w+\//g, '/etc/scopegate/'],
]

/** The text with what varies replaced; equal for a quotation and what it quotes. Pure. */
export function masked(text: string): string {
  return variable.reduce((before, [pattern, by]) => before.replace(pattern, by), text.trimEnd())
}

/** Texts of the code blocks of a section; the broken lines of JSON are one line each again. Pure. */
export function quotedIn(section: string): readonly string[] {
  const blocks = [...section.matchAll(/^```text\n([^]*?)\n```$/gm)].map(([, text = '']) => text)
  return blocks.map((text) => (text.startsWith('{') ? text.replaceAll('\n', '') : text))
}

/** A cases file -> its cases, or every problem with its place. Pure. */
import type { ConfigProblem } from '../../config/config.ts'
import { readDocument } from '../../config/document.ts'
import type { Environment } from '../../config/interpolate.ts'
import { type KeyPath, sortProblems } from '../../config/problems.ts'
import { placeOf, read, report, reportLack, type Report } from '../../config/read.ts'
import { didYouMean } from '../../config/suggest.ts'
import { readRequest } from '../../proxy/explain.ts'
import type { AskedRequest } from '../../proxy/explained.ts'
import { answers, type ProblemCode } from '../../proxy/problems.ts'
import { type EpochSeconds, no, ok, type Result } from '../../units.ts'
import {
  type KnownIssuers,
  readToken,
  type ReadToken,
  type TokenWords,
} from '../explain/asked-token.ts'
import { type CaseInput, type CaseOrGroupInput, casesSchema, type DefaultsInput } from './schema.ts'

/** One request and what is expected of it. */
export type Case = {
  /** Of the group and the case; with the request where it has no name of its own. */
  readonly name: string
  /** Of the case in its file, from 1. */
  readonly line: number
  readonly request: AskedRequest
  readonly token: ReadToken
  readonly expect: 'allow' | 'deny'
  readonly code: ProblemCode | undefined
  readonly status: number | undefined
  /** Id or path of the owner. */
  readonly route: string | undefined
}

export type CasesDeps = {
  readonly issuers: KnownIssuers
  readonly env: Environment
  readonly now: EpochSeconds
}

type Reader = Report & CasesDeps

/** Reads the text; a file without cases is a problem too. */
export function readCases(
  text: string,
  deps: CasesDeps,
): Result<readonly Case[], readonly ConfigProblem[]> {
  const document = readDocument(text, deps.env)
  if (!document.ok) return no(document.problem)
  const reader: Reader = {
    ...deps,
    ...{ document: document.value, problems: [...document.value.problems] },
    ...{ told: new Set(document.value.problems.map(({ key }) => key)), incomplete: new Set() },
  }
  const input = read(reader, [], casesSchema)
  const cases = input?.cases.flatMap((one, index) =>
    readOne(reader, ['cases', index], one, input.defaults),
  )
  if (cases?.length === 0 && reader.problems.length === 0)
    report(reader, ['cases'], 'has no case: write at least one')
  return cases === undefined || reader.problems.length > 0
    ? no(sortProblems(reader.problems))
    : ok(cases)
}

/** What holds for a case: its own, what its group says, what `defaults` say. */
type Said = Omit<CaseInput, 'request' | 'requests'> & {
  /** A token is described where this is so, even by its issuer alone. */
  readonly hasIssuer: boolean
}

function readOne(
  reader: Reader,
  path: KeyPath,
  input: CaseOrGroupInput,
  defaults: DefaultsInput,
): readonly Case[] {
  const outer: Said = { ...defaults, hasIssuer: false }
  const { cases, ...single } = input
  if (cases === undefined) return readCase(reader, path, single, outer)
  const { request, requests, ...own } = single
  if (request !== undefined || requests !== undefined)
    report(reader, path, 'has requests and cases; a group has cases only')
  checkToken(reader, path, own)
  const group = together(outer, own)
  return cases.flatMap((one, index) => readCase(reader, [...path, 'cases', index], one, group))
}

function readCase(reader: Reader, path: KeyPath, input: CaseInput, outer: Said): readonly Case[] {
  const { request, requests, ...own } = input
  checkToken(reader, path, own)
  const said = together(outer, own)
  const { expect, code, status, route } = said
  checkExpectation(reader, path, said)
  const token = tokenOf(reader, path, said)
  if ((request === undefined) === (requests === undefined))
    reportLack(reader, path, 'must have exactly one of request and requests')
  const texts = requests ?? (request === undefined ? [] : [request])
  const { line } = placeOf(reader.document, path)
  const asked = texts.map((text, index) => {
    const at = requests === undefined ? [...path, 'request'] : [...path, 'requests', index]
    return { text, request: requestAt(reader, at, text) }
  })
  return asked.flatMap(({ text, request: one }) => {
    if (one === undefined || token === undefined || expect === undefined) return []
    const isNamed = own.name !== undefined && texts.length === 1
    const names = [outer.name, own.name, isNamed ? undefined : `${text}, ${expect}`]
    const name = names.filter((part) => part !== undefined).join(': ')
    return {
      ...{ name, line, request: one, token, expect },
      ...{ code: code as ProblemCode | undefined, status, route },
    }
  })
}

/** The inner one wins: a token is described by one of them alone, and so is a denial. */
function together(outer: Said, inner: Omit<Said, 'hasIssuer'>): Said {
  const { client, scopes, claims, anonymous, ...others } = outer
  const isNew = [inner.claims, inner.anonymous].some((one) => one !== undefined)
  const isPart = [inner.client, inner.scopes].some((one) => one !== undefined)
  const kept = isNew ? {} : isPart ? { client, scopes } : { client, scopes, claims, anonymous }
  const { code, status, ...rest } = others
  const denial = inner.expect === undefined ? { code, status } : {}
  const hasIssuer = outer.hasIssuer || inner.issuer !== undefined
  return { ...rest, ...denial, ...kept, ...defined(inner), hasIssuer }
}

function defined<Value extends object>(value: Value): Value {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  // what is left out was undefined
  return Object.fromEntries(entries) as Value
}

/** What one mapping says of a token must go together. */
function checkToken(reader: Reader, path: KeyPath, own: Omit<Said, 'hasIssuer'>): void {
  const parts = (['client', 'scopes'] as const).filter((key) => own[key] !== undefined)
  const words = [
    ...(own.anonymous === undefined ? [] : ['anonymous']),
    ...(own.claims === undefined ? [] : ['claims']),
    ...(parts.length === 0 ? [] : [parts.join(' and ')]),
  ]
  if (words.length > 1) report(reader, path, `has ${words.join(' and ')}; keep one of them`)
  else if (own.anonymous !== undefined && own.issuer !== undefined)
    report(reader, path, 'has anonymous and issuer; keep one of them')
}

function checkExpectation(reader: Reader, path: KeyPath, said: Said): void {
  const { expect, code, status } = said
  if (expect === undefined) reportLack(reader, path, 'does not say what to expect: allow or deny')
  if (expect === 'allow' && (code !== undefined || status !== undefined))
    report(reader, path, 'code and status are of a denial; leave them out')
  if (code === undefined) return
  const at = [...path, 'code']
  if (!isCode(code)) {
    const advice = didYouMean(code, Object.keys(answers))
    report(reader, at, `there is no code ${JSON.stringify(code)}${advice}`)
  } else if (status !== undefined && answers[code].status !== status)
    report(reader, [...path, 'status'], `must be ${answers[code].status}, the status of ${code}`)
}

const isCode = (code: string): code is ProblemCode => Object.hasOwn(answers, code)

function requestAt(reader: Reader, path: KeyPath, text: string): AskedRequest | undefined {
  const request = readRequest(text)
  if (request.ok) return request.value
  report(reader, path, request.problem)
  return undefined
}

function tokenOf(reader: Reader, path: KeyPath, said: Said): ReadToken | undefined {
  const token = readToken(wordsOf(said), reader.issuers, reader.now)
  if (token.ok) return token.value
  report(reader, [...path, 'issuer'], token.problem)
  return undefined
}

function wordsOf({ anonymous, client, scopes, claims, issuer, hasIssuer }: Said): TokenWords {
  if (anonymous === true) return { kind: 'none' }
  if (claims !== undefined) return { kind: 'claims', json: JSON.stringify(claims), issuer }
  if (client === undefined && scopes === undefined && !hasIssuer) return { kind: 'none' }
  const all = scopes?.flatMap((text) => text.split(/\s+/)).filter((scope) => scope !== '')
  return { kind: 'parts', clientId: client, scopes: all, issuer }
}

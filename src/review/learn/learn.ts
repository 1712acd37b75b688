/** The log, line by line -> what was called by whom. Remembers a bounded amount. */
import type { Config } from '../../config/config.ts'
import { parseTarget, type PathRelaxations, type Target } from '../../decision/target.ts'
import { type Call, readLogLine } from './call.ts'
import { addToTemplates, deepest, emptyTemplates, type Templates } from './templates.ts'
import { isValue } from './value.ts'

/** Lines that no route comes of, by why. */
export type Skipped = {
  /** Of Scopegate, about something else than a request. */
  events: number
  foreign: number
  tooLong: number
  outbound: number
  /** Denied already, and not only reported. */
  refused: number
  /** Answered 401, 403, 404, 405 or 501: the API refused it, or has nothing there. */
  notThere: number
  /** A path that is refused whatever the routes say, or deeper than is looked at. */
  unfit: number
}

export type Learned = {
  readonly templates: Templates
  readonly skipped: Skipped
  /** Requests read, whatever came of them. */
  requests: number
  /** Time of the first and the last; empty before. */
  first: string
  last: string
  /** `inbound GET /a` -> when it last allowed a call; only routes of the configuration. */
  readonly lastUse: Map<string, string>
}

export type Learning = {
  readonly learned: Learned
  /** Adds a line; undefined for one that was too long. Says what it was. */
  add(line: string | undefined): 'ours' | 'foreign'
}

const strict: PathRelaxations = { semicolons: false, emptySegments: false, encodedSlashes: false }
const nothingThere: ReadonlySet<number> = new Set([401, 403, 404, 405, 501])
const mostRemembered = 10_000

/** Begins to learn. `config` tells which routes' use is of interest, and which paths are read. */
export function createLearning(config: Config | undefined): Learning {
  const learned: Learned = {
    templates: emptyTemplates(),
    skipped: {
      ...{ events: 0, foreign: 0, tooLong: 0, outbound: 0, refused: 0, notThere: 0, unfit: 0 },
    },
    ...{ requests: 0, first: '', last: '', lastUse: new Map() },
  }
  const { skipped, templates, lastUse } = learned
  const paths = config?.inbound?.paths ?? strict
  const routes = new Set(config === undefined ? [] : routeKeys(config).map(({ key }) => key))
  const values = new Map<string, boolean>()

  function isValueOf(text: string): boolean {
    const before = values.get(text)
    if (before !== undefined) return before
    if (values.size >= mostRemembered) values.clear()
    const found = isValue(text)
    values.set(text, found)
    return found
  }

  function addCall(call: Call): void {
    learned.requests += 1
    if (learned.first === '' || call.time < learned.first) learned.first = call.time
    if (call.time > learned.last) learned.last = call.time
    const key = `${call.direction} ${call.route ?? ''}`
    if (call.isAllowed && routes.has(key) && call.time > (lastUse.get(key) ?? ''))
      lastUse.set(key, call.time)
    if (call.direction === 'outbound') skipped.outbound += 1
    else if (!call.isAllowed && call.isEnforced) skipped.refused += 1
    else if (nothingThere.has(call.status)) skipped.notThere += 1
    else addPath(call)
  }

  function addPath(call: Call): void {
    const target = parseTarget(call.path, paths)
    if (!target.ok || !fits(target.value)) skipped.unfit += 1
    else {
      const segments = target.value.segments.map((text) => ({ text, isValue: isValueOf(text) }))
      addToTemplates(templates, segments, call)
    }
  }

  return {
    learned,
    add(line) {
      if (line === undefined) {
        skipped.tooLong += 1
        return 'foreign'
      }
      const read = readLogLine(line)
      if (read.kind === 'call') addCall(read.call)
      else if (read.kind === 'event') skipped.events += 1
      else skipped.foreign += 1
      return read.kind === 'foreign' ? 'foreign' : 'ours'
    },
  }
}

/** A template has no empty segment, and an end. */
const fits = ({ segments }: Target): boolean => segments.length <= deepest && !segments.includes('')

/** How the log names the routes of a configuration. */
export function routeKeys({ inbound, outbound }: Config): readonly {
  readonly key: string
  readonly id: string
  readonly line: number
}[] {
  return [
    ...(inbound?.routes ?? []).map(({ id, line }) => ({ key: `inbound ${id}`, id, line })),
    ...(outbound?.routes ?? []).map(({ id, line }) => ({ key: `outbound ${id}`, id, line })),
  ]
}

/** One line of the log -> a call, or what else it is (docs/logs.md). Pure. */
import { http } from '../../node-http.ts'

/** A request as its line tells it. */
export type Call = {
  /** ISO 8601 in UTC: later is greater. */
  readonly time: string
  readonly direction: 'inbound' | 'outbound'
  readonly method: string
  /** As received, without the query. */
  readonly path: string
  readonly status: number
  readonly route: string | undefined
  readonly isAllowed: boolean
  /** Whether the decision was carried out; false in report mode. */
  readonly isEnforced: boolean
  /** Of a verified token: undefined when there was none. */
  readonly issuer: string | undefined
  readonly clientId: string | undefined
  /** Undefined when the line does not tell them. */
  readonly scopes: string | undefined
}

export type LogLine =
  | { readonly kind: 'call'; readonly call: Call }
  /** A line of Scopegate about something else. */
  | { readonly kind: 'event' }
  /** A line of somebody else. */
  | { readonly kind: 'foreign' }

const foreign: LogLine = { kind: 'foreign' }
const event: LogLine = { kind: 'event' }

/** Reads one line. */
export function readLogLine(text: string): LogLine {
  const fields = parsed(text)
  if (fields === undefined) return foreign
  const { msg, level } = fields
  if (typeof msg !== 'string' || typeof level !== 'string') return foreign
  if (typeof fields['time'] !== 'string' || !isTime(fields['time'])) return foreign
  if (msg !== 'request') return event
  return readCall(fields, fields['time'])
}

/** As `toISOString` writes it: texts are in the order of times. */
const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text))

type Fields = Readonly<Record<string, unknown>>

function parsed(text: string): Fields | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    // what begins with { is an object, or no JSON
    return JSON.parse(text) as Fields
  } catch {
    return undefined
  }
}

function readCall(fields: Fields, time: string): LogLine {
  const { direction, method, path, status, enforced } = fields
  if (direction !== 'inbound' && direction !== 'outbound') return foreign
  if (typeof method !== 'string' || !http.METHODS.includes(method)) return foreign
  if (typeof path !== 'string' || typeof status !== 'number') return foreign
  const text = (name: string): string | undefined => {
    const value = fields[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const call: Call = {
    ...{ time, direction, method, path, status },
    ...{ route: text('route'), issuer: text('issuer'), clientId: text('clientId') },
    ...{ isAllowed: fields['decision'] === 'allow', isEnforced: enforced !== false },
    scopes: typeof fields['scopes'] === 'string' ? fields['scopes'] : undefined,
  }
  return { kind: 'call', call }
}

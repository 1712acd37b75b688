/** Log lines for the eyes of people: `scopegate dev`, and `run` on a terminal. */
import { prettyFactory } from 'pino-pretty'
import type { Io } from './io.ts'

/** Turns a JSON line into a short one; those whose `msg` is in `hidden` into nothing. */
export function readableLines(
  io: Pick<Io, 'env' | 'isTerminal'>,
  hidden: ReadonlySet<string> = new Set(),
): (line: string) => string {
  const shared = {
    colorize: io.isTerminal && (io.env['NO_COLOR'] ?? '') === '',
    translateTime: 'SYS:HH:MM:ss',
  }
  const event = prettyFactory({ ...shared, singleLine: true, ignore: 'configHash,version' })
  const request = prettyFactory({ ...shared, hideObject: true, messageFormat: lineOf })
  return (line) => {
    const { msg } = JSON.parse(line) as { msg: string }
    if (hidden.has(msg)) return ''
    return msg === 'request' ? request(line) : event(line)
  }
}

function lineOf(fields: Record<string, unknown>): string {
  const text = (key: string): string => {
    const value = fields[key]
    // a path may hold bytes that a terminal would obey
    return typeof value === 'string' || typeof value === 'number'
      ? String(value).replace(/[^\x20-\x7e]/g, '?')
      : ''
  }
  const why = fields['reason'] === undefined ? '' : ` ${text('reason')}`
  const who = fields['clientId'] === undefined ? '' : ` client ${text('clientId')}`
  const where = fields['routeLine'] === undefined ? '' : ` line ${text('routeLine')}`
  const what = `${text('direction')} ${text('method')} ${text('path')}`
  return `${what} -> ${text('status')}${why}${where}${who} (${text('durationMs')} ms)`
}

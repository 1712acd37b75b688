/** Log lines for the eyes of whoever runs `scopegate dev`; everything else writes JSON. */
import { prettyFactory } from 'pino-pretty'
import type { Io } from './io.ts'

/** Turns each JSON line into a short one. */
export function readableLog(io: Io): { write(line: string): void } {
  const shared = {
    colorize: io.isTerminal && (io.env['NO_COLOR'] ?? '') === '',
    translateTime: 'SYS:HH:MM:ss',
  }
  const event = prettyFactory({ ...shared, singleLine: true, ignore: 'configHash,version' })
  const request = prettyFactory({ ...shared, hideObject: true, messageFormat: lineOf })
  return {
    write(line) {
      const { msg } = JSON.parse(line) as { msg: string }
      if (!lifeCycle.has(msg)) io.out(msg === 'request' ? request(line) : event(line))
    },
  }
}

/** Each of the two proxies says these; the terminal shows one playground, which begins and ends as one. */
const lifeCycle: ReadonlySet<string> = new Set(['started', 'shutting down', 'shut down'])

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
  const what = `${text('direction')} ${text('method')} ${text('path')}`
  return `${what} -> ${text('status')}${why}${who} (${text('durationMs')} ms)`
}

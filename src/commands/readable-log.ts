/** Log lines for the eyes of whoever runs `scopegate dev`; everything else writes JSON. */
import { prettyFactory } from 'pino-pretty'
import type { Io } from './io.ts'

/** Turns each JSON line into a short one. */
export function readableLog(io: Io): { write(line: string): void } {
  const pretty = prettyFactory({
    colorize: io.isTerminal && (io.env['NO_COLOR'] ?? '') === '',
    translateTime: 'SYS:HH:MM:ss',
    ignore: shownInMessage.join(','),
    messageFormat: (fields, key) =>
      lineOf(fields, typeof fields[key] === 'string' ? fields[key] : ''),
    singleLine: true,
  })
  return { write: (line) => io.out(pretty(line)) }
}

/** Fields of a request line that `lineOf` shows, or that say little on one machine. */
const shownInMessage = [
  ...['direction', 'requestId', 'method', 'path', 'status', 'route', 'decision', 'reason'],
  ...['enforced', 'clientId', 'issuer', 'durationMs', 'upstreamMs', 'bytesIn', 'bytesOut'],
  ...['configHash', 'traceId', 'claimed', 'version'],
]

function lineOf(fields: Record<string, unknown>, message: string): string {
  if (message !== 'request') return message
  const text = (key: string): string => {
    const value = fields[key]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const why = fields['reason'] === undefined ? '' : ` ${text('reason')}`
  const who = fields['clientId'] === undefined ? '' : ` client ${text('clientId')}`
  const what = `${text('direction')} ${text('method')} ${text('path')}`
  return `${what} -> ${text('status')}${why}${who} (${text('durationMs')} ms)`
}

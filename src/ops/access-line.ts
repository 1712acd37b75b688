/** The log line of one request, written by hand: one is due for each, and a general serialiser costs three times as much. */
import type { Claimed } from '../decision/decide.ts'
import type { AccessRecord } from './access.ts'

/** JSON text of the record and its end of line. Pure. Fields without a value are left out (SPEC 5). */
export function accessLine(record: AccessRecord, level: 'info' | 'warn', time: string): string {
  const { traceId, reason, clientId, issuer, claimed, upstreamMs, upstreamError, route } = record
  const { routeLine } = record
  return (
    `{"level":"${level}","time":"${time}","direction":"${record.direction}"` +
    `,"requestId":${quoted(record.requestId)}` +
    optional('traceId', traceId) +
    `,"method":${quoted(record.method)},"path":${quoted(record.path)}` +
    `,"status":${record.status}` +
    optional('route', route) +
    (routeLine === undefined ? '' : `,"routeLine":${routeLine}`) +
    optional('decision', record.decision) +
    optional('reason', reason) +
    `,"enforced":${String(record.enforced)}` +
    optional('clientId', clientId) +
    optional('issuer', issuer) +
    (record.scopes === undefined ? '' : `,"scopes":${quoted(joined(record.scopes))}`) +
    optional('clientCertificate', record.clientCertificate) +
    optional('upstreamError', upstreamError) +
    `,"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut}` +
    `,"configHash":${quoted(record.configHash)},"durationMs":${tenths(record.durationMs)}` +
    (upstreamMs === undefined ? '' : `,"upstreamMs":${tenths(upstreamMs)}`) +
    (claimed === undefined ? '' : `,"claimed":${JSON.stringify(cutClaimed(claimed))}`) +
    ',"msg":"request"}\n'
  )
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${quoted(value)}`
}

/** Text that is JSON as it stands. */
const plain = /^[\x20!\x23-\x5b\x5d-\x7e]*$/

function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Longest list of scopes in a line, in characters. */
const mostScopes = 1024

/** By spaces; cut where a scope ends. What is no scope (RFC 6749 §3.3) could be read as several. */
function joined(scopes: ReadonlySet<string>): string {
  let text = ''
  for (const scope of scopes) {
    if (!/^[!#-[\]-~]+$/.test(scope)) continue
    const longer = text === '' ? scope : `${text} ${scope}`
    if (longer.length > mostScopes) break
    text = longer
  }
  return text
}

const tenths = (value: number): number => Math.round(value * 10) / 10

/** What an unverified token says is somebody's words: 64 visible characters of each at most. */
function cutClaimed(claimed: Claimed): object {
  const cut = (text: string | undefined): string | undefined =>
    text?.slice(0, 64).replace(/[^\x21-\x7e]/g, '?')
  return {
    iss: cut(claimed.iss),
    clientId: cut(claimed.clientId),
    kid: cut(claimed.kid),
    exp: claimed.exp,
  }
}

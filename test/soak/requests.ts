/** Requests good and hostile, each with the answers that are right. */
import type { World } from './world.ts'

export type Case = {
  readonly name: string
  readonly to: 'inbound' | 'outbound'
  readonly request: (world: World) => string
  /** The right status, whatever goes on. */
  readonly right: number
  /** Other answers while something is disturbed. */
  readonly disturbed?: readonly number[]
}

const line = (start: string, token = '', more = ''): string =>
  `${start} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n` +
  `${token === '' ? '' : `Authorization: Bearer ${token}\r\n`}${more}\r\n`

/** An upstream that is away, or keys that are new. */
const upstreamAway = [502, 504]
const keysAway = [401, 503]

export const cases: readonly Case[] = [
  {
    ...{ name: 'export', to: 'inbound', right: 200, disturbed: [...upstreamAway, ...keysAway] },
    request: ({ tokens }) => line('GET /export/1', tokens.exporter),
  },
  {
    ...{
      name: 'large export',
      to: 'inbound',
      right: 200,
      disturbed: [...upstreamAway, ...keysAway, 0],
    },
    request: ({ tokens }) => line('GET /export/large', tokens.exporter),
  },
  {
    ...{ name: 'upload', to: 'inbound', right: 200, disturbed: [...upstreamAway, ...keysAway] },
    request: ({ tokens }) =>
      `${line('POST /upload/1', tokens.uploader, 'Content-Length: 20000\r\n')}${'u'.repeat(20_000)}`,
  },
  {
    ...{
      name: 'public, with a false identity',
      to: 'inbound',
      right: 200,
      disturbed: upstreamAway,
    },
    request: () =>
      line('GET /public/1', 'x', 'X_Auth-Client.Id: spoofed\r\nConnection: x-auth-scope\r\n'),
  },
  {
    ...{ name: 'by outbound', to: 'outbound', right: 200, disturbed: [...upstreamAway, 503] },
    request: () => line('GET /api/1').replace('Host: api', 'Host: localhost'),
  },
  { name: 'no token', to: 'inbound', right: 401, request: () => line('GET /export/1') },
  {
    ...{ name: 'wrong scope', to: 'inbound', right: 403, disturbed: keysAway },
    request: ({ tokens }) => line('GET /export/1', tokens.uploader),
  },
  {
    ...{ name: 'expired', to: 'inbound', right: 401, disturbed: [503] },
    request: ({ tokens }) => line('GET /export/1', tokens.expired),
  },
  {
    ...{ name: 'forged', to: 'inbound', right: 401, disturbed: [503] },
    request: ({ tokens }) => line('GET /export/1', tokens.forged),
  },
  {
    ...{ name: 'foreign', to: 'inbound', right: 401 },
    request: ({ tokens }) => line('GET /export/1', tokens.foreign),
  },
  {
    ...{ name: 'no route', to: 'inbound', right: 403, disturbed: keysAway },
    request: ({ tokens }) => line('GET /nothing', tokens.exporter),
  },
  ...['/public/../export/1', '/public/%2e%2e/export/1', '//export/1', '/public/..;/export/1'].map(
    (path): Case => ({
      ...{ name: `path ${path}`, to: 'inbound', right: 400 },
      request: ({ tokens }) => line(`GET ${path}`, tokens.exporter),
    }),
  ),
  {
    ...{ name: 'two lengths', to: 'inbound', right: 400 },
    request: () => line('GET /public/1', '', 'Content-Length: 1\r\nContent-Length: 2\r\n'),
  },
  {
    ...{ name: 'length and coding', to: 'inbound', right: 400 },
    request: () => line('GET /public/1', '', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'),
  },
  { name: 'no HTTP', to: 'inbound', right: 400, request: () => 'SSH-2.0-x\r\n\r\n' },
  { name: 'CONNECT', to: 'outbound', right: 405, request: () => line('CONNECT api.example:443') },
  {
    ...{ name: 'a browser', to: 'outbound', right: 403 },
    request: () => line('GET /api/1', '', 'Origin: https://evil.example\r\n'),
  },
]

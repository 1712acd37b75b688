/** HTTP/1.1 as strictly as it can be read (RFC 9112): the judge of what bytes mean. */
import type net from 'node:net'
import type { Test } from 'tap'
import { startRawUpstream } from './wire.ts'

export type StrictRequest = {
  /** `POST /a`. */
  readonly what: string
  /** Lower-case name and value of each line, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

const requestLine = /^([A-Z-]+ [\x21-\x7e]+) HTTP\/1\.1$/
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\xff](?:[\t\x20-\xff]*[\x21-\xff])?|)$/

/** Reads whole requests from the start; `rest` is what is not whole yet. Throws at the first thing that is not exact. */
export function readRequests(text: string): { requests: readonly StrictRequest[]; rest: string } {
  const requests: StrictRequest[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return { requests, rest }
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const what = requestLine.exec(first)?.[1]
    if (what === undefined) throw new Error(`no request line: ${JSON.stringify(first)}`)
    const headers = lines.map((line): [string, string] => {
      const [, name, value] = headerLine.exec(line) ?? []
      if (name === undefined) throw new Error(`no header: ${JSON.stringify(line)}`)
      return [name.toLowerCase(), value ?? '']
    })
    const framed = readBody(headers, rest.slice(end + 4))
    if (framed === undefined) return { requests, rest }
    requests.push({ what, headers, body: framed.body })
    rest = rest.slice(end + 4 + framed.length)
  }
}

function readBody(headers: StrictRequest['headers'], text: string) {
  const valuesOf = (wanted: string): string[] =>
    headers.filter(([name]) => name === wanted).map(([, value]) => value)
  const lengths = valuesOf('content-length')
  const codings = valuesOf('transfer-encoding')
  if (lengths.length + codings.length > 1) throw new Error('framed twice')
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new Error(`coded: ${String(codings[0])}`)
    return readChunks(text)
  }
  const [length = '0'] = lengths
  if (!/^\d{1,15}$/.test(length)) throw new Error(`a length: ${length}`)
  if (text.length < Number(length)) return undefined
  return { body: text.slice(0, Number(length)), length: Number(length) }
}

function readChunks(text: string): { body: string; length: number } | undefined {
  let body = ''
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end < 0) return undefined
    const line = text.slice(at, end)
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new Error(`a chunk: ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    const next = end + 2 + size
    if (text.length < next + 2) return undefined
    if (text.slice(next, next + 2) !== '\r\n') throw new Error('a chunk without its end')
    if (size === 0) return { body, length: next + 2 }
    body += text.slice(end + 2, next)
    at = next + 2
  }
}

/** An upstream that answers each whole request with 200; anything that is not exact is in `faults`. */
export async function startStrictUpstream(t: Test) {
  const requests: StrictRequest[] = []
  const faults: string[] = []
  const known = new WeakMap<net.Socket, number>()
  const upstream = await startRawUpstream(t, (socket, text) => {
    try {
      const whole = readRequests(text).requests.slice(known.get(socket) ?? 0)
      known.set(socket, (known.get(socket) ?? 0) + whole.length)
      for (const request of whole) {
        requests.push(request)
        const body = request.what.startsWith('HEAD ') ? '' : 'ok'
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${body}`)
      }
    } catch (error) {
      faults.push(`${String(error)} in ${text}`)
      socket.destroy()
    }
  })
  return { ...upstream, requests, faults }
}

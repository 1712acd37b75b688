/** The bytes of requests, and the file in which the generator finds them. */
import type { Setting } from '../setting.ts'
import type { Does } from '../peers/system.ts'

export type RequestShape = {
  readonly method: 'GET' | 'POST'
  /** Below /export what a system that attaches tokens finds below /app-api/attached. */
  readonly path: string
  readonly bodyBytes: number
}

/** One whole request; without `token` it has no Authorization. */
export function textOf(
  { method, path, bodyBytes }: RequestShape,
  does: Does,
  token: string | undefined,
): string {
  const target = does === 'attaches' ? path.replace('/export', '/app-api/attached') : path
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: bench',
    'Accept: */*',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(bodyBytes === 0 ? [] : ['Content-Type: application/octet-stream']),
    ...(bodyBytes === 0 ? [] : [`Content-Length: ${bodyBytes}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${'x'.repeat(bodyBytes)}`
}

/** Path of a file with one request for each of `count` tokens, each after its length. */
export async function requestFile(
  setting: Setting,
  shape: RequestShape,
  does: Does,
  count: number,
): Promise<string> {
  const tokens = does === 'attaches' ? [undefined] : await setting.tokens.take(count)
  const parts = tokens.flatMap((token) => {
    const request = Buffer.from(textOf(shape, does, token), 'latin1')
    const length = Buffer.alloc(4)
    length.writeUInt32LE(request.length)
    return [length, request]
  })
  const name = `requests/${shape.method}${shape.path.replaceAll('/', '-')}-${does}-${count}`
  return setting.write(name, Buffer.concat(parts))
}

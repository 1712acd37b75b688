/** What node:http's parser refuses, as problems. */
import type { Problem } from './problems.ts'

/** What node:http adds to its errors: the piece in which the parser gave up. */
export type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

/** For bytes that are no request at all. */
export const noHttp: Problem = {
  code: 'invalid_request',
  because: 'This is not an HTTP/1.1 request.',
}

/** What is wrong with bytes that the parser refused. */
export function problemOf(error: ClientError, maxTargetBytes: number): Problem {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        code: isTargetTooLong(error, maxTargetBytes) ? 'target_too_long' : 'headers_too_large',
      }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request_timeout' }
    default:
      return noHttp
  }
}

/** A request line in one piece shows how long its target is; in several the head as a whole was too large. */
function isTargetTooLong({ rawPacket }: ClientError, maxTargetBytes: number): boolean {
  const target = /^[A-Z-]+ ([^ \r\n]*)/.exec(String(rawPacket?.toString('latin1')))?.[1]
  return target !== undefined && target.length > maxTargetBytes
}

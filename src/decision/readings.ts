/** Every way to read a path that holds escapes, `;` or empty segments (SPEC 2.2). */
import { no, nonEmpty, ok, type NonEmpty, type Result } from '../units.ts'

/** Segments, percent-decoded once. */
export type Reading = readonly string[]

/** Exactly what `inbound.paths` relaxes; all false by default. */
export type PathRelaxations = {
  readonly semicolons: boolean
  readonly emptySegments: boolean
  readonly encodedSlashes: boolean
}

/**
 * Reads the raw pieces of a path, split at `/`, the last one empty after a trailing slash.
 *
 * Pure. The first reading is the strict one: `;`, empty segments and encoded slashes are data.
 * The others are what a lenient parser makes of the things that `relaxed` allows; no two are the
 * same. The problem says in fixed words what is refused; whatever one reading shows to be a dot
 * segment, or an empty one that is not allowed, refuses the whole path.
 */
export function readPath(
  pieces: readonly string[],
  relaxed: PathRelaxations,
): Result<NonEmpty<Reading>, string> {
  const strict: string[] = []
  for (const piece of pieces) {
    const decoded = decodePiece(piece, relaxed)
    if (!decoded.ok) return decoded
    strict.push(decoded.value)
  }
  const found = new Map<string, Reading>()
  for (const reading of [strict, ...otherReadings(pieces)]) {
    if (reading.at(-1) === '') reading.pop()
    if (reading.some((segment) => segment === '.' || segment === '..'))
      return no('a segment is . or ..')
    found.set(JSON.stringify(reading), reading)
    if (!reading.includes('')) continue
    if (!relaxed.emptySegments) return no('a segment is empty')
    // to a URL parser `//x/a` is the path `/a` of an authority
    for (const one of reading[0] === '' ? [reading, reading.slice(2)] : [reading]) {
      found.set(JSON.stringify(one), one)
      const merged = one.filter((segment) => segment !== '')
      found.set(JSON.stringify(merged), merged)
    }
  }
  return ok(nonEmpty([...found.values()]))
}

/** The piece decoded once, unless it holds what no relaxation, or none of those given, allows. */
function decodePiece(piece: string, relaxed: PathRelaxations): Result<string, string> {
  if (!relaxed.semicolons && piece.includes(';')) return no(semicolon)
  if (!piece.includes('%')) return ok(piece)
  if (/%(?![0-9a-f]{2})/i.test(piece)) return no('a percent escape is malformed')
  const decoded = decodeUtf8(piece)
  if (decoded === undefined) return no('a percent escape is not UTF-8')
  if (/\p{Cc}/u.test(decoded)) return no('a control character is escaped')
  if (decoded.includes('\\')) return no('a backslash is escaped')
  if (/%[0-9a-f]{2}/i.test(decoded)) return no('a percent escape is itself escaped')
  if (!relaxed.encodedSlashes && decoded.includes('/')) return no('a slash is escaped')
  if (!relaxed.semicolons && decoded.includes(';')) return no(semicolon)
  return ok(decoded)
}

const semicolon = 'a segment holds a semicolon'

/** Undefined when the escapes are overlong, surrogates or otherwise no UTF-8 (RFC 3629 §3). */
function decodeUtf8(piece: string): string | undefined {
  try {
    return decodeURIComponent(piece)
  } catch {
    return undefined
  }
}

/**
 * What parsers make of the pieces that cut parameters and split at encoded slashes.
 * Some cut at `;` only, some at `%3B` too; some split before they cut, some after, some cut both times.
 */
function otherReadings(pieces: readonly string[]): readonly string[][] {
  const path = pieces.join('/')
  const cuts: ((piece: string) => string)[] = [(piece) => piece]
  if (/;|%3b/i.test(path))
    cuts.push(
      (piece) => before(piece, /;/),
      (piece) => before(piece, /;|%3b/i),
    )
  const ways = cuts.slice(1).map((cut) => (piece: string) => [cut(piece)])
  if (/%2f/i.test(path))
    for (const first of cuts)
      for (const second of cuts) ways.push((piece) => first(piece).split(/%2f/i).map(second))
  return ways.map((way) => pieces.flatMap(way).map((piece) => decodeURIComponent(piece)))
}

function before(piece: string, mark: RegExp): string {
  const at = piece.search(mark)
  return at === -1 ? piece : piece.slice(0, at)
}

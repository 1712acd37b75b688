/** Every way to read a path that holds escapes, `;` or empty segments (SPEC 2.2). */
import { no, ok, type NonEmpty, type Result } from '../units.ts'
import type { PathRelaxations, Reading } from './target.ts'

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
  for (const piece of pieces) {
    const problem = whatIsWrong(piece, relaxed)
    if (problem !== undefined) return no(problem)
  }
  const found = new Map<string, Reading>()
  for (const interpret of interpretations(pieces)) {
    const reading = pieces.flatMap(interpret).map((piece) => decodeURIComponent(piece))
    if (reading.at(-1) === '') reading.pop()
    if (reading.some((segment) => segment === '.' || segment === '..'))
      return no('a segment is . or ..')
    found.set(JSON.stringify(reading), reading)
    if (!reading.includes('')) continue
    if (!relaxed.emptySegments) return no('a segment is empty')
    const merged = reading.filter((segment) => segment !== '')
    found.set(JSON.stringify(merged), merged)
  }
  return ok([...found.values()] as unknown as NonEmpty<Reading>)
}

/** What no relaxation, or none of those given, lets a piece hold. */
function whatIsWrong(piece: string, relaxed: PathRelaxations): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(piece)) return 'a percent escape is malformed'
  const decoded = decodeUtf8(piece)
  if (decoded === undefined) return 'a percent escape is not UTF-8'
  if (/\p{Cc}/u.test(decoded)) return 'a control character is escaped'
  if (decoded.includes('\\')) return 'a backslash is escaped'
  if (/%[0-9a-f]{2}/i.test(decoded)) return 'a percent escape is itself escaped'
  if (!relaxed.encodedSlashes && decoded.includes('/')) return 'a slash is escaped'
  if (!relaxed.semicolons && decoded.includes(';')) return 'a segment holds a semicolon'
  return undefined
}

/** Undefined when the escapes are overlong, surrogates or otherwise no UTF-8 (RFC 3629 §3). */
function decodeUtf8(piece: string): string | undefined {
  try {
    return decodeURIComponent(piece)
  } catch {
    return undefined
  }
}

type Interpret = (piece: string) => readonly string[]

/**
 * The ways in which parsers cut parameters and split at encoded slashes, the strict one first.
 * Some cut at `;` only, some at `%3B` too; some split before they cut, some after.
 */
function interpretations(pieces: readonly string[]): readonly Interpret[] {
  const path = pieces.join('/')
  const keep = (piece: string): string => piece
  const cuts = [keep]
  if (/;|%3b/i.test(path))
    cuts.push(
      (piece) => before(piece, /;/),
      (piece) => before(piece, /;|%3b/i),
    )
  const found: Interpret[] = cuts.map((cut) => (piece) => [cut(piece)])
  if (/%2f/i.test(path))
    for (const cut of cuts)
      found.push(
        (piece) => piece.split(/%2f/i).map(cut),
        (piece) => cut(piece).split(/%2f/i),
      )
  return found
}

function before(piece: string, mark: RegExp): string {
  const at = piece.search(mark)
  return at === -1 ? piece : piece.slice(0, at)
}

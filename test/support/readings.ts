/** Every way in which some server might read a path: the oracle of what an upstream may take a request for. */

/** What lenient parsers do to a path; in any order, any number of times. */
const habits: readonly ((path: string) => string)[] = [
  // decoded, as bytes and as UTF-8; twice, since each habit is applied to what the others made
  (path) =>
    path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  (path) =>
    path.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      Buffer.from(run.replaceAll('%', ''), 'hex').toString(),
    ),
  // backslashes turned, slashes merged, parameters cut, NUL cut
  (path) => path.replaceAll('\\', '/'),
  (path) => path.replace(/\/+/g, '/'),
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => path.replace(/\0.*$/s, ''),
  // dots removed, one by one and all at once, never above the root
  (path) => path.replace(/\/\.(?=\/|$)/g, ''),
  (path) => path.replace(/\/(?!\.\.?(?:\/|$))[^/]*\/\.\.(?=\/|$)/, ''),
  (path) => path.replace(/^\/\.\.(?=\/|$)/, ''),
  // an authority taken off
  (path) => path.replace(/^(?:[a-z]+:)?\/\/[^/]*/i, ''),
]

/** All that one can get out of a target by these habits; its query and fragment are cut first. */
export function readingsOf(target: string): ReadonlySet<string> {
  const found = new Set([target.replace(/[?#].*$/s, '')])
  for (const one of found) for (const habit of habits) if (found.size < 2000) found.add(habit(one))
  return found
}

/** The segments of a reading as the most lenient routers compare them: without empty ones, in no case. */
export function foldedSegments(reading: string): readonly string[] {
  return reading
    .toUpperCase()
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '')
}

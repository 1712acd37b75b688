/** The nearest known word for one that was mistyped. Pure. */

/** `; did you mean "scopes"?` when a known word is near, else nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const best = nearest(word, known)
  return best === undefined ? '' : `; did you mean ${JSON.stringify(best)}?`
}

/** The known word with the fewest edits, if these are at most a third of its letters (at least two), or that begins with the word. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { word: string; edits: number } | undefined
  for (const candidate of known) {
    if (candidate.length > 100 || word.length > 100) continue
    const [typed, right] = [word.toLowerCase(), candidate.toLowerCase()]
    const isCutShort = typed.length > 2 && right.startsWith(typed)
    const edits = isCutShort ? 1 : distance(typed, right)
    if (edits > Math.max(2, Math.floor(candidate.length / 3))) continue
    if (edits >= Math.max(word.length, candidate.length)) continue
    if (best === undefined || edits < best.edits) best = { word: candidate, edits }
  }
  return best?.word
}

/** Levenshtein's distance; two neighbours that changed places count once. */
function distance(from: string, to: string): number {
  let before: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, index) => index)
  const at = (row: readonly number[], index: number) => Number(row[index])
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row[j] = Math.min(
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (same ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Infinity,
      )
    }
    before = above
    above = row
  }
  return at(above, to.length)
}

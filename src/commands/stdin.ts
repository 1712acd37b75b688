/** Standard input as text, of a bounded size. */

/** More than any token that is looked at. */
const mostBytes = 64 * 1024

/** All of it as UTF-8; undefined when it is longer than 64 KiB, without waiting for the rest. */
export async function readAll(input: AsyncIterable<Buffer>): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of input) {
    length += piece.length
    if (length > mostBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Bytes -> lines of a bounded length: a log may hold anything. Pure but for what it remembers. */

export type Lines = {
  /** Tells each line that ends in `chunk`. */
  push(chunk: Uint8Array): void
  /** Tells the last line, when no newline follows it. */
  end(): void
}

const newline = 0x0a

/** Longer lines than `mostBytes` are told as undefined. */
export function createLines(mostBytes: number, tell: (line: string | undefined) => void): Lines {
  let parts: Buffer[] = []
  let length = 0
  const take = (part: Buffer): void => {
    length += part.length
    // what is too long is not kept
    if (length <= mostBytes) parts.push(part)
    else parts = []
  }
  const finish = (): void => {
    tell(length > mostBytes ? undefined : Buffer.concat(parts).toString())
    parts = []
    length = 0
  }
  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let from = 0
      for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
        take(bytes.subarray(from, at))
        finish()
        from = at + 1
      }
      // a copy: the stream may use its buffer again
      if (from < bytes.length) take(Buffer.from(bytes.subarray(from)))
    },
    end() {
      if (length > 0) finish()
    },
  }
}

/** The bytes of one log -> what is learned, or why this is no log of Scopegate. */
import type { Learning } from './learn.ts'
import { createLines } from './lines.ts'

export type LogReader = {
  /** False when it is no use to read on: this is another log. */
  push(chunk: Uint8Array): boolean
  /** Line and cure where the log has no line of Scopegate; undefined when it has, or is empty. */
  end(): string | undefined
}

/** The longest line of Scopegate is some times `limits.maxTargetBytes`. */
const mostLineBytes = 256 * 1024
/** Lines of somebody else, before one of ours. */
const mostForeign = 1000

/** Reads a log into `learning`. */
export function createLogReader(learning: Learning): LogReader {
  const seen = { lines: 0, ours: 0, foreignLine: 0, isText: false }
  const lines = createLines(mostLineBytes, (line) => {
    seen.lines += 1
    // some tools put a byte order mark before the first line
    const text = seen.lines === 1 ? line?.replace(/^\uFEFF/, '') : line
    if (learning.add(text) === 'ours') seen.ours += 1
    else if (seen.foreignLine === 0) {
      seen.foreignLine = seen.lines
      seen.isText = text !== undefined && /^\[[\d:]+\] (INFO|WARN|ERROR|DEBUG): /.test(text)
    }
  })
  return {
    push(chunk) {
      lines.push(chunk)
      return seen.ours > 0 || seen.lines <= mostForeign
    },
    end() {
      lines.end()
      if (seen.ours > 0 || seen.foreignLine === 0) return undefined
      const what = seen.isText ? 'this is the log as text' : 'this is no line of the log'
      return `${seen.foreignLine}:1 ${what}: JSON lines are read, as \`log.format: json\` writes them`
    },
  }
}

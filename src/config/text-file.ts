/** A text file that the operator names: of a bounded size, read without waiting for ever. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { milliseconds, type Milliseconds, no, ok } from '../units.ts'
import type { ReadFile } from './compile/context.ts'

const mebibyte = 1024 * 1024

/** Reads a text file of at most 1 MiB. A pipe will do, if its writer comes. The problem follows the file's name. */
export const readTextFile: ReadFile = (path) => readText(path, milliseconds(10_000))

/** The same of at most `most` MiB, for documents that others wrote. */
export const readLargeTextFile =
  (most: number): ReadFile =>
  (path) =>
    readText(path, milliseconds(10_000), most)

/** The same while requests are served: none of them waits for the writer of a pipe. */
export const readTextFileNow: ReadFile = (path) => readText(path, milliseconds(100))

function readText(path: string, patience: Milliseconds, most = 1): ReturnType<ReadFile> {
  try {
    const content = readBounded(path, patience, most * mebibyte)
    if (content === undefined) return no('is a pipe that gave nothing; write a regular file')
    if (content.length > most * mebibyte) return no(`is larger than ${most} MiB`)
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch (error) {
    return no(whyUnreadable(error))
  }
}

/** Undefined when a pipe has kept us waiting too long. */
function readBounded(path: string, patience: Milliseconds, most: number): Buffer | undefined {
  const until = performance.now() + patience
  // opening a pipe that nobody writes to would stop everything, for ever
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const isPipe = fstatSync(file).isFIFO()
    const buffer = Buffer.alloc(most + 1)
    let length = 0
    while (length < buffer.length) {
      const read = readSome(file, buffer, length)
      length += read ?? 0
      if (read === 0 && !(isPipe && length === 0)) break
      if (read !== undefined && read > 0) continue
      if (performance.now() > until) return undefined
      Atomics.wait(pause, 0, 0, 5)
    }
    return buffer.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Undefined when nothing is there yet. */
function readSome(file: number, buffer: Buffer, at: number): number | undefined {
  try {
    return readSync(file, buffer, at, buffer.length - at, null)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}

/** What follows the name of a file that could not be read. Pure. */
export function whyUnreadable(error: unknown): string {
  const code = String((error as NodeJS.ErrnoException).code)
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    ENOTDIR: 'does not exist',
    EACCES: 'cannot be read by this user',
    EISDIR: 'is a directory; name a file in it',
    Z_DATA_ERROR: 'is damaged, or no gzip',
    Z_BUF_ERROR: 'ends in the middle',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
  }
  return known[code] ?? `cannot be read (${code})`
}

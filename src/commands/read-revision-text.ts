/** A file, a variable or a revision of git -> its text. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readTextFile } from '../config/load.ts'
import { no, ok, type Result } from '../units.ts'
import type { Io } from './io.ts'

const run = promisify(execFile)

/** `path` is where relative names of files in it start. */
export type RevisionText = { readonly text: string; readonly path: string }

const mostBytes = 1024 * 1024

/**
 * Reads `proxy.config.yaml`, `env:NAME`, or `HEAD~1:proxy.config.yaml` as git has it (no shell, no filters), also
 * where a file has that very name: who proposes a change could add one. `./a:b` is a file. The problem is in words that
 * follow the name.
 */
export async function readRevisionText(
  argument: string,
  io: Pick<Io, 'env'>,
): Promise<Result<RevisionText, string>> {
  if (argument.startsWith('env:')) {
    const text = io.env[argument.slice(4)]
    return text === undefined || text === ''
      ? no('the environment variable is missing or empty; it must hold the configuration')
      : ok({ text, path: 'env' })
  }
  const colon = argument.indexOf(':')
  if (colon > 0 && !/^\.{0,2}\//.test(argument))
    return readFromGit(argument, argument.slice(colon + 1))
  const read = readTextFile(argument)
  return read.ok ? ok({ text: read.value, path: argument }) : no(`the file ${read.problem}`)
}

async function readFromGit(object: string, path: string): Promise<Result<RevisionText, string>> {
  // it would be an option
  if (object.startsWith('-')) return no('a revision does not begin with -')
  try {
    // `show` would list a folder, and may run a filter on a file
    const { stdout } = await run('git', ['cat-file', 'blob', object], {
      maxBuffer: mostBytes,
      encoding: 'buffer',
    })
    return ok({ text: new TextDecoder('utf-8', { fatal: true }).decode(stdout), path })
  } catch (error) {
    return no(because(error))
  }
}

function because(error: unknown): string {
  // an error of the process has what it said; one of decoding has not, and its code
  const { code, stderr } = error as { code: unknown; stderr: Buffer }
  if (code === 'ENOENT') return 'git is not installed, and there is no such file'
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'is larger than 1 MiB'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text'
  const said = stderr
    .toString('utf8')
    .trim()
    .replace(/\n[^]*/, '')
  return `git has no such file (${said.replace(/^fatal: /, '')}); write REVISION:PATH, the path from the root of the repository`
}

/** A change of any file that went into the configuration -> one call (SPEC 2). */
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync, statSync, watch } from 'node:fs'
import { join, parse, resolve } from 'node:path'
import { milliseconds, type Milliseconds } from '../units.ts'

/** Calls when something in the folder changed, or the watch itself failed; `close` ends it. */
export type WatchFolder = (folder: string, onEvent: () => void) => { close(): void }

export type WatchDeps = {
  /** Quiet time after an event: editors and kubelet make several. */
  readonly settle: Milliseconds
  /** A net under the events: network file systems have none. */
  readonly poll: Milliseconds
  readonly watchFolder: WatchFolder
}

export type ConfigWatch = {
  /** From now on these files; what is known of those that stay is kept. */
  update(sources: readonly string[]): void
  close(): void
}

/**
 * Watches folders, not files: a watch on a file ends with its first replacement (rename-save, the
 * `..data` link of a ConfigMap). `onChange` is called when contents differ from what they were, not
 * for every event. Missing files and folders are no errors. Keeps no process alive.
 */
export function watchConfig(
  sources: readonly string[],
  onChange: () => void,
  deps: WatchDeps = systemWatch,
): ConfigWatch {
  let contents = new Map<string, string>()
  const folders = new Map<string, { close(): void }>()
  let settling: NodeJS.Timeout | undefined

  const onEvent = () => {
    settling ??= setTimeout(look, deps.settle).unref()
  }
  const follow = (files: Iterable<string>) => {
    const wanted = new Map(
      [...files].flatMap(foldersBehind).map((folder) => [idOf(folder), folder]),
    )
    for (const [id, watcher] of folders)
      if (!wanted.has(id)) {
        watcher.close()
        folders.delete(id)
      }
    for (const [id, folder] of wanted)
      if (!folders.has(id)) folders.set(id, deps.watchFolder(folder, onEvent))
  }
  function look(): void {
    settling = undefined
    // first the watches, then the contents: what changes in between makes another event
    follow(contents.keys())
    const before = contents
    contents = new Map([...before.keys()].map((file) => [file, contentOf(file)]))
    if ([...contents].some(([file, content]) => before.get(file) !== content)) onChange()
  }
  const update = (files: readonly string[]) => {
    follow(files)
    contents = new Map(files.map((file) => [file, contents.get(file) ?? contentOf(file)]))
  }

  update(sources)
  const polling = setInterval(look, deps.poll).unref()
  return {
    update,
    close() {
      clearInterval(polling)
      clearTimeout(settling)
      follow([])
    },
  }
}

/** One event of a folder that vanishes is all that its watch gives; the next look starts another. */
export const watchFolder: WatchFolder = (folder, onEvent) => {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    return watcher.on('error', onEvent)
  } catch {
    // gone since it was looked at, or no more watches: polling is left
    return { close: () => undefined }
  }
}

export const systemWatch: WatchDeps = {
  settle: milliseconds(100),
  poll: milliseconds(30_000),
  watchFolder,
}

/** A folder that was replaced has the same name and another id. */
function idOf(folder: string): string {
  const stat = attempt(() => statSync(folder))
  return JSON.stringify([folder, stat?.dev, stat?.ino])
}

const mostLinks = 40

/**
 * Every folder in which a change can give `file` another content: its own, and that of each link
 * on the way to it. Of what does not exist, the nearest folder that does.
 */
function foldersBehind(file: string): readonly string[] {
  const folders = new Set<string>()
  let rest = partsOf(resolve(file))
  let at = parse(resolve(file)).root
  let links = 0
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = join(at, part)
    const isThere = attempt(() => lstatSync(next)) !== undefined
    const link = attempt(() => readlinkSync(next))
    if (rest.length === 0 || !isThere || link !== undefined) folders.add(at)
    if (!isThere) break
    if (link === undefined) {
      at = next
      continue
    }
    links += 1
    if (links > mostLinks) break
    const target = resolve(at, link)
    rest = [...partsOf(target), ...rest]
    at = parse(target).root
  }
  return [...folders]
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '')

/** Files come and go while they are looked at. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

const mostBytes = 1024 * 1024

/** Stands for the content. A pipe is never read: that would take its content away. */
function contentOf(file: string): string {
  try {
    const stat = statSync(file)
    if (!stat.isFile()) return 'no file'
    if (stat.size > mostBytes) return `large ${stat.size} ${stat.mtimeMs}`
    return createHash('sha256').update(readFileSync(file)).digest('hex')
  } catch (error) {
    return `unreadable ${String((error as NodeJS.ErrnoException).code)}`
  }
}

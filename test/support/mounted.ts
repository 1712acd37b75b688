/** A folder as Kubernetes mounts a ConfigMap or Secret: each file is a link, and one link is swapped. */
import { lstatSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { folderWith } from './command.ts'

export type Mounted = {
  readonly folder: string
  /** Puts these files in the place of all that were there, in one step. */
  swap(files: Readonly<Record<string, string>>): void
}

export function mountedFolder(t: Test): Mounted {
  const folder = folderWith(t, {})
  let version = 0
  return {
    folder,
    swap(files) {
      version += 1
      mkdirSync(join(folder, `..v${version}`))
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(folder, `..v${version}`, name), text)
        if (lstatSync(join(folder, name), { throwIfNoEntry: false }) === undefined)
          symlinkSync(join('..data', name), join(folder, name))
      }
      symlinkSync(`..v${version}`, join(folder, '..tmp'))
      renameSync(join(folder, '..tmp'), join(folder, '..data'))
    },
  }
}

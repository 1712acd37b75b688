/** The files of deploy/, read as their tools read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { formatProblem, loadConfig } from '../../src/config/load.ts'
import { ok } from '../../src/units.ts'
import { repository } from './command.ts'

/** Paths of all files below a folder of the repository, from the repository. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)))
    .sort()
}

export const read = (file: string): string => readFileSync(join(repository, file), 'utf8')

/** Every document of a YAML file; throws where the text is not YAML, or says a key twice. */
export function documentsOf(file: string): readonly unknown[] {
  return parseAllDocuments(read(file)).map((document) => {
    const [first] = [...document.errors, ...document.warnings]
    if (first !== undefined) throw new Error(`${file}: ${first.message}`)
    return document.toJS({ maxAliasCount: -1 }) as unknown
  })
}

/** What the loader of `scopegate run` says against a configuration; files that it names hold something. */
export function configProblems(file: string): readonly string[] {
  const text = read(file)
  const names = [...text.matchAll(/(?:\$\{(?=\w+\})|env: )([A-Z_]+)/g)].map(([, name = '']) => name)
  const env = { ...Object.fromEntries(names.map((name) => [name, 'a-value'])), YAML: text }
  const loaded = loadConfig({ env: 'YAML' }, { env, readFile: () => ok('a-secret\n') })
  return loaded.ok ? [] : loaded.problem.problems.map((problem) => formatProblem(file, problem))
}

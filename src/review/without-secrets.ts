/** A configuration as whoever reviews it has it: without the secrets and files of the machine that runs it. Pure but for `readFile`. */
import { dirname, isAbsolute, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import {
  type ConfigSource,
  loadDocument,
  type LoadDeps,
  type LoadFailure,
  type ReadFile,
} from '../config/load.ts'
import type { KeyPath } from '../config/problems.ts'
import { ok, type Result } from '../units.ts'
import { type Absent, absentAt, absentFiles, partOf, withoutAbsent } from './absent.ts'

/** `absent`: what was left out, since it does not decide who is let through. */
export type Reviewed = { readonly config: Config; readonly absent: readonly Absent[] }

/**
 * Loads it whole where everything is here. Else secrets, TLS files and variables that do not decide
 * are left out, with the sections that need them; whatever decides must be here.
 */
export function loadForReview(source: ConfigSource, deps: LoadDeps): Result<Reviewed, LoadFailure> {
  const whole = loadDocument(source, deps)
  if (whole.ok) return ok({ config: whole.value.config, absent: [] })
  const folder = 'file' in source ? dirname(resolve(source.file)) : resolve()
  const readFile: ReadFile = (file) =>
    deps.readFile(isAbsolute(file) ? file : resolve(folder, file))
  const unset: { readonly name: string; readonly path: KeyPath }[] = []
  let absent: readonly Absent[] = []
  const reduced = loadDocument(source, deps, {
    standIn(name, path) {
      if (partOf(path) !== 'left out') return undefined
      unset.push({ name, path })
      return 'unset'
    },
    rootOf(document) {
      const variables = unset.map(({ name, path }) => ({
        path,
        absent: absentAt(document, path, 'variable', name),
      }))
      const files = absentFiles(document, { env: deps.env, readFile })
      const found = [...variables, ...files].filter((one) => one.absent.treated === 'left out')
      absent = found.map((one) => one.absent)
      return withoutAbsent(
        document,
        found.map(({ path }) => path),
      )
    },
  })
  return reduced.ok ? ok({ config: reduced.value.config, absent }) : whole
}

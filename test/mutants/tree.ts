/** A copy of the working tree, compiled once, in which one file at a time is another one. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

const left = new Set(['node_modules', '.git', '.tap', 'dist'])

/** Copies and compiles everything into a new folder. Tests start much faster there than from the sources. */
export function copyTree(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'scopegate-mutants-'))
  for (const name of readdirSync(repository))
    if (!left.has(name)) cpSync(join(repository, name), join(folder, name), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  for (const part of ['src', 'test'])
    for (const name of readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.ts') && !name.endsWith('.d.ts'))
        compile(folder, join(part, name), readFileSync(join(folder, part, name), 'utf8'))
  return folder
}

/** Writes what Node runs in place of `file`, and `text` as its source; false when the text does not parse. */
export function compile(folder: string, file: string, text: string): boolean {
  const { outputText, diagnostics = [] } = ts.transpileModule(text, {
    compilerOptions,
    fileName: file,
    reportDiagnostics: true,
  })
  writeFileSync(join(folder, file), text)
  writeFileSync(join(folder, file.replace(/ts$/, 'js')), outputText)
  return diagnostics.length === 0
}

// the module kind is said aloud: one file at a time there is no package.json that would say so
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

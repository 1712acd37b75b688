/**
 * Takes out each cure in turn, in copies of the working tree, and reports those that no test misses.
 *
 *   npm run test:mutants                    (-- --only NAME, again for more; --list; --jobs 2)
 *
 * First every test file that is named runs on the code as it is, or a failure would mean nothing. A cure counts as
 * missed when an assertion inside a test fails: not when the file cannot be loaded, and by waiting in vain only where
 * the mutant says that it `hangs`. Exit code 1 when a mutant survives, or its text is not found exactly once.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mutants } from './list.ts'
import type { Mutant } from './mutant.ts'
import { mutate } from './mutate.ts'
import { compile, copyTree } from './tree.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
})
const chosen = mutants.filter(({ name }) => values.only.length === 0 || values.only.includes(name))
const unknown = values.only.filter((only) => !mutants.some(({ name }) => name === only))

/** Seconds: tap's own limit, and what each test file takes on the code as it is. */
const longest = 120
const usual = new Map<string, number>()

if (values.list) {
  for (const { name, ids, file, tests } of mutants)
    console.log(`${name}\t${ids.join(' ')}\t${file}\t${tests.join(' ')}`)
} else if (unknown.length > 0) {
  console.error(`no mutant is called ${unknown.join(' or ')}; --list shows them`)
  process.exitCode = 2
} else process.exitCode = (await runAll()) ? 0 : 1

/** How a test file ended: what is `missed` is a cure. */
type Outcome = 'passed' | 'missed' | 'hung' | 'broken'

async function runAll(): Promise<boolean> {
  const folders = copies(Number(values.jobs))
  const bad: string[] = []
  let killed = 0
  try {
    const files = [...new Set(chosen.flatMap(({ tests }) => tests))]
    await share(files, folders, async (file, folder) => {
      const startedAt = performance.now()
      const { outcome, output } = await runTest(folder, file, longest)
      usual.set(file, (performance.now() - startedAt) / 1000)
      if (outcome === 'passed') return
      bad.push(`${file}: fails on the code as it is (${outcome})\n${output}`)
    })
    if (bad.length === 0)
      await share(chosen, folders, async (mutant, folder) => {
        const { word, why } = await judge(folder, mutant)
        console.log(`${word.padEnd(8)} ${mutant.name}${why === '' ? '' : `: ${why}`}`)
        if (word === 'killed') killed += 1
        else bad.push(`${mutant.name}: ${why}`)
      })
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true })
  }
  for (const line of bad) console.error(line)
  console.log(`${killed} of ${chosen.length} mutants killed`)
  return bad.length === 0
}

function copies(jobs: number): readonly string[] {
  const first = copyTree()
  const more = Array.from({ length: jobs - 1 }, () => {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'scopegate-mutants-'))
    cpSync(first, folder, { recursive: true, verbatimSymlinks: true })
    return folder
  })
  return [first, ...more]
}

/** One worker a folder, each taking the next item. */
async function share<Item>(
  items: readonly Item[],
  folders: readonly string[],
  work: (item: Item, folder: string) => Promise<void>,
): Promise<void> {
  const left = [...items]
  await Promise.all(
    folders.map(async (folder) => {
      for (let item = left.shift(); item !== undefined; item = left.shift())
        await work(item, folder)
    }),
  )
}

async function judge(
  folder: string,
  mutant: Mutant,
): Promise<{ word: 'killed' | 'SURVIVED' | 'WRONG'; why: string }> {
  const { file, tests, hangs } = mutant
  // of the copy: somebody may be working in the tree
  const text = readFileSync(join(folder, file), 'utf8')
  const mutated = mutate(text, mutant)
  if (mutated === undefined)
    return { word: 'WRONG', why: `its text is not in ${file} exactly once` }
  try {
    if (!compile(folder, file, mutated)) return { word: 'WRONG', why: 'it does not parse' }
    for (const test of tests) {
      const limit = hangs ? Math.max(15, 3 * (usual.get(test) ?? 0)) : longest
      const { outcome, output } = await runTest(folder, test, Math.ceil(limit))
      if (outcome === 'missed' || (outcome === 'hung' && hangs)) return { word: 'killed', why: '' }
      if (outcome !== 'passed') return { word: 'WRONG', why: `${test} is ${outcome}\n${output}` }
    }
    return { word: 'SURVIVED', why: `no test of ${tests.join(', ')} fails` }
  } finally {
    compile(folder, file, text)
  }
}

/** Runs one compiled test file as tap would, up to the first failure. */
async function runTest(
  folder: string,
  file: string,
  seconds: number,
): Promise<{ outcome: Outcome; output: string }> {
  const child = spawn(process.execPath, [file.replace(/ts$/, 'js')], {
    cwd: folder,
    env: { ...process.env, TAP: '1', TAP_BAIL: '1', TAP_TIMEOUT: String(seconds) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // a group of its own: what a mutant leaves running ends with it
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (output += piece))
  // tap ends it before that, unless the event loop stands still
  const limit = setTimeout(
    () => {
      endGroup(child.pid)
    },
    (seconds + 20) * 1000,
  )
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(limit)
  endGroup(child.pid)
  return { outcome: outcomeOf(code, output), output: output.slice(-2000) }
}

/** Of a test that ended by itself there is mostly nothing left. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function outcomeOf(code: number | null, output: string): Outcome {
  if (code === 0) return 'passed'
  const failed = /^ {4,}not ok .*/m.exec(output)
  if (failed === null) return code === null ? 'hung' : 'broken'
  if (failed[0].includes('timeout!')) return 'hung'
  // a name that is gone is no fault that a test has found
  return /^ +type: ReferenceError$/m.test(output) ? 'broken' : 'missed'
}

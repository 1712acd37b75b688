/** tap counts the lines of files that a test has loaded: this one loads them all. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const src = new URL('../src/', import.meta.url)
const files = readdirSync(fileURLToPath(src), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== 'main.ts')
  .sort()

t.test('every module loads by itself and has the named exports that its text says', async (t) => {
  t.ok(files.length > 100, 'the modules were found')
  for (const file of files) {
    const text = readFileSync(new URL(file, src), 'utf8')
    const said = text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)
    const values = [...said].map(([, name]) => name ?? '')
    const module = (await import(new URL(file, src).href)) as object
    const missing = values.filter((name) => !Object.hasOwn(module, name))
    t.strictSame(missing, [], file)
    t.notOk(Object.hasOwn(module, 'default'), `${file} has no default export`)
    t.match(text, /^export (?:type|async|function|const|class) /m, `${file} exports by name`)
  }
})

import t, { type Test } from 'tap'
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { milliseconds } from '../../src/units.ts'
import {
  systemWatch,
  watchConfig,
  watchFolder,
  type ConfigWatch,
  type WatchDeps,
} from '../../src/config/watch.ts'

const quick: WatchDeps = { ...systemWatch, settle: milliseconds(2) }

/** A watch whose next call can be waited for; the test ends by its time-out when none comes. */
function watching(t: Test, sources: readonly string[], deps = quick) {
  let count = 0
  let wake = () => {}
  const watch: ConfigWatch = watchConfig(
    sources,
    () => {
      count += 1
      wake()
    },
    deps,
  )
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => {
    clearInterval(alive)
    watch.close()
  })
  return {
    watch,
    count: () => count,
    changed: async (change: () => void) => {
      const called = new Promise<void>((resolve) => (wake = resolve))
      change()
      await called
    },
  }
}

/** What kubelet does: a new folder, then `..data` swapped to it in one step. */
function publish(folder: string, version: number, content: string) {
  const name = `..v${version}`
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'proxy.config.yaml'), content)
  symlinkSync(name, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  rmSync(join(folder, `..v${version - 1}`), { recursive: true, force: true })
}

t.test('every swap of a ConfigMap is noticed, any number of times', async (t) => {
  const folder = t.testdir({})
  publish(folder, 1, 'version: 1')
  const file = join(folder, 'proxy.config.yaml')
  symlinkSync(join('..data', 'proxy.config.yaml'), file)
  const { changed } = watching(t, [file])
  for (let version = 2; version <= 8; version++) {
    await changed(() => publish(folder, version, `# ${version}`))
    t.pass(`swap ${version} was noticed`)
  }
})

t.test('a link to a folder elsewhere may be swapped or its file written', async (t) => {
  const folder = t.testdir({
    one: { 'c.yaml': '1' },
    two: { 'c.yaml': '2' },
    current: t.fixture('symlink', 'one'),
  })
  const { changed } = watching(t, [join(folder, 'current', 'c.yaml')])
  await changed(() => {
    symlinkSync('two', join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, 'current'))
  })
  await changed(() => writeFileSync(join(folder, 'two', 'c.yaml'), '3'))
  t.pass('both were noticed')
})

t.test(
  'rename-save, writing in place and a secret file are noticed, again and again',
  async (t) => {
    const folder = t.testdir({ 'c.yaml': '0', secret: 's0' })
    const [file, secret] = [join(folder, 'c.yaml'), join(folder, 'secret')]
    const { changed, watch } = watching(t, [file])
    watch.update([file, secret])
    for (const round of [1, 2, 3]) {
      await changed(() => {
        writeFileSync(join(folder, '.tmp'), `renamed ${round}`)
        renameSync(join(folder, '.tmp'), file)
      })
      await changed(() => writeFileSync(file, `in place ${round}`))
      await changed(() => writeFileSync(secret, `s${round}`))
    }
    t.pass('nine changes were noticed')
  },
)

t.test(
  'a file that is missing, with its folder, is noticed when it comes, goes and comes',
  async (t) => {
    const folder = t.testdir({})
    const file = join(folder, 'later', 'deep', 'c.yaml')
    const { changed } = watching(t, [file])
    const create = () => {
      mkdirSync(join(folder, 'later', 'deep'), { recursive: true })
      writeFileSync(file, 'here')
    }
    await changed(create)
    await changed(() => rmSync(join(folder, 'later'), { recursive: true }))
    await changed(create)
    await changed(() => unlinkSync(file))
    t.pass('four changes were noticed')
  },
)

t.test('events without another content call nobody', async (t) => {
  const folder = t.testdir({ 'c.yaml': 'same', other: '' })
  const file = join(folder, 'c.yaml')
  const { changed, count } = watching(t, [file])
  writeFileSync(file, 'same')
  writeFileSync(join(folder, 'other'), 'unwatched')
  await changed(() => writeFileSync(file, 'another'))
  t.equal(count(), 1)
})

t.test('without any event, polling notices', async (t) => {
  const folder = t.testdir({ 'c.yaml': '1' })
  const file = join(folder, 'c.yaml')
  const deaf = { close: () => undefined }
  const deps = { settle: milliseconds(1), poll: milliseconds(1), watchFolder: () => deaf }
  const { changed } = watching(t, [file], deps)
  await changed(() => writeFileSync(file, '2'))
  t.pass('the change was noticed')
})

t.test('a large file counts by its size and time', async (t) => {
  const folder = t.testdir({ big: 'x'.repeat(1024 * 1024 + 1) })
  const { changed } = watching(t, [join(folder, 'big')])
  await changed(() => writeFileSync(join(folder, 'big'), 'x'.repeat(1024 * 1024 + 2)))
  t.pass('the change was noticed')
})

t.test('links in a circle and folders in place of files harm nothing', async (t) => {
  const folder = t.testdir({
    round: t.fixture('symlink', 'about'),
    about: t.fixture('symlink', 'round'),
    folder: {},
    'c.yaml': '1',
  })
  const sources = ['round', 'folder', 'c.yaml', 'c.yaml/inside'].map((name) => join(folder, name))
  const { changed } = watching(t, sources)
  await changed(() => writeFileSync(join(folder, 'c.yaml'), '2'))
  t.pass('the change was noticed')
})

t.test('after close nothing is called, and watches of folders are closed', (t) => {
  const open = new Set<string>()
  const deps: WatchDeps = {
    ...quick,
    watchFolder: (folder) => {
      open.add(folder)
      return { close: () => open.delete(folder) }
    },
  }
  const folder = t.testdir({ a: { 'c.yaml': '' }, b: { secret: '' } })
  const file = join(folder, 'a', 'c.yaml')
  const watch = watchConfig([file, join(folder, 'b', 'secret')], () => t.fail('called'), deps)
  t.equal(open.size, 2)
  watch.update([file])
  t.strictSame([...open], [join(folder, 'a')])
  watch.close()
  t.equal(open.size, 0)
  t.end()
})

t.test('a folder that cannot be watched is left to polling', (t) => {
  watchFolder(join(t.testdir({}), 'missing'), () => t.fail('called')).close()
  t.end()
})

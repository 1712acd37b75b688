/** What of a request target may be told (R26). */
import t from 'tap'
import { loggedPath } from '../../src/proxy/logged-path.ts'

t.test('no query, fragment, user or password of a target is told', (t) => {
  for (const [target, told] of [
    ['/a@b', '/a@b'],
    ['/a?access_token=hush', '/a'],
    ['/a@b#access_token=hush', '/a@b'],
    ['/a#b?access_token=hush', '/a'],
    ['/a?b#access_token=hush', '/a'],
    ['http://user:hush@api.example/a', 'http:///a'],
    ['http://api.example/a@b', 'http://api.example/a@b'],
    ['HTTP://api.example:80?hush', 'HTTP://api.example:80'],
    ['user:hush@api.example:443', 'api.example:443'],
    ['//user:hush@api.example/#a', '//api.example/'],
    ['//user:hush@api.example/', '//api.example/'],
    ['*', '*'],
    ['', ''],
  ] as const)
    t.equal(loggedPath(target), told, target)
  t.end()
})

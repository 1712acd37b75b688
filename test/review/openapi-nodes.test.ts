/** JSON is read with places as YAML is, and as `JSON.parse` reads it. */
import t from 'tap'
import fc from 'fast-check'
import { jsonNode } from '../../src/review/openapi/json-nodes.ts'
import {
  entryOf,
  memberOf,
  referenceOf,
  type SourceNode,
  textOf,
} from '../../src/review/openapi/node.ts'
import { yamlNode } from '../../src/review/openapi/yaml-nodes.ts'
import { property } from '../decision/support.ts'

function plainOf(node: SourceNode): unknown {
  switch (node.kind) {
    case 'map':
      return node.entries().map(({ name, value }) => [name, plainOf(value)])
    case 'list':
      return { list: node.items().map(plainOf) }
    case 'scalar':
      return node.value
  }
}

const offsetsOf = (node: SourceNode): readonly number[] => [
  node.offset,
  ...(node.kind === 'map'
    ? node.entries().flatMap(({ offset, value }) => [offset, ...offsetsOf(value)])
    : node.kind === 'list'
      ? node.items().flatMap(offsetsOf)
      : []),
]

t.test('a JSON document has the same values and places by both readers', (t) => {
  const values = fc.tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1, '\t'))
  property(t, 300, values, ([value, space]) => {
    const text = ` ${JSON.stringify({ value, '"\\': '\\"{[' }, null, space)}\n`
    const read = jsonNode(text, 0)
    const byYaml = yamlNode(text)
    if (!byYaml.ok) throw new Error(byYaml.problem.message)
    t.strictSame(plainOf(read), plainOf(byYaml.value))
    t.strictSame(offsetsOf(read), offsetsOf(byYaml.value))
  })
  t.strictSame(plainOf(jsonNode('12', 0)), 12)
  t.strictSame(plainOf(jsonNode('{"a":"\\\\","a":[] , "b":{}}', 0)), [
    ['a', '\\'],
    ['a', { list: [] }],
    ['b', []],
  ])
  t.end()
})

t.test('a document that is as deep as it is long is read without recursion', (t) => {
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)},"b":1}`
  t.equal(entryOf(jsonNode(deep, 0), 'b')?.offset, 400_006)
  t.end()
})

t.test('what is asked of a node of another kind is not there', (t) => {
  const list = jsonNode('[1,"a"]', 0)
  t.equal(memberOf(list, 'a'), undefined)
  t.equal(memberOf(undefined, 'a'), undefined)
  t.equal(textOf(list), undefined)
  t.equal(textOf(jsonNode('1', 0)), undefined)
  t.equal(referenceOf(jsonNode('{"$ref":1}', 0)), undefined)
  t.equal(referenceOf(jsonNode('{"$ref":"#/a"}', 0)), '#/a')
  const alias = yamlNode('a: *none\nb:\n')
  t.strictSame(alias.ok && plainOf(alias.value), [
    ['a', null],
    ['b', null],
  ])
  t.end()
})

/** Documents as data: their code blocks, and the key tables that come from the schema. */

export type Block = { readonly line: number; readonly text: string }

/** Every ```yaml block with the line at which its text begins, from 1. */
export function yamlBlocks(markdown: string): readonly Block[] {
  const blocks: { line: number; lines: string[] }[] = []
  let open: { line: number; lines: string[] } | undefined
  markdown.split('\n').forEach((line, index) => {
    if (open === undefined) {
      if (/^\s*```ya?ml\s*$/.test(line)) open = { line: index + 2, lines: [] }
    } else if (/^\s*```\s*$/.test(line)) {
      blocks.push(open)
      open = undefined
    } else open.lines.push(line)
  })
  return blocks.map(({ line, lines }) => ({ line, text: `${lines.join('\n')}\n` }))
}

/** As much of JSON Schema as ours uses. */
export type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly default?: unknown
  readonly description?: string
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly $defs?: Readonly<Record<string, Schema>>
}

export type KeyRow = {
  readonly key: string
  readonly kind: string
  readonly standard: string
  readonly description: string
}

/** One table for each mapping: `inbound.routes[]` -> its keys. Names that people choose are `NAME`. */
export function keyTables(root: Schema): ReadonlyMap<string, readonly KeyRow[]> {
  const tables = new Map<string, readonly KeyRow[]>()
  const visit = (schema: Schema, path: string) => {
    for (const branch of schema.anyOf ?? []) visit(branch, path)
    if (schema.items !== undefined) visit(schema.items, path.endsWith('[]') ? path : `${path}[]`)
    if (typeof schema.additionalProperties === 'object')
      visit(schema.additionalProperties, path === '' ? 'NAME' : `${path}.NAME`)
    if (schema.properties === undefined) return
    const keys = Object.entries(schema.properties)
    tables.set(
      path,
      keys.map(([key, value]) => row(key, value, schema.required?.includes(key) === true)),
    )
    for (const [key, value] of keys) visit(value, path === '' ? key : `${path}.${key}`)
  }
  visit(root, '')
  for (const [name, definition] of Object.entries(root.$defs ?? {})) visit(definition, name)
  return tables
}

function row(key: string, schema: Schema, required: boolean): KeyRow {
  const isNested = typeof schema.default === 'object' && JSON.stringify(schema.default) === '{}'
  const standard = schema.default === undefined || isNested ? '' : `\`${plain(schema.default)}\``
  return {
    key: `\`${key}\``,
    kind: kindOf(schema),
    standard: required && schema.default === undefined ? 'required' : standard,
    description: (schema.description ?? '').replaceAll('|', '\\|'),
  }
}

const plain = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${plain(inner)}`)
    .join(', ')} }`
}

function kindOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.replace(/.*\//, '')
  if (schema.const !== undefined) return plain(schema.const)
  if (schema.enum !== undefined) return schema.enum.join(', ')
  if (schema.anyOf !== undefined) {
    const kinds = [...new Set(schema.anyOf.map(kindOf))]
    return kinds.includes('size') ? 'size' : kinds.join(' or ')
  }
  if (schema.pattern?.includes('ms|s|m|h') === true) return 'duration'
  if (schema.pattern?.includes('KMGT') === true) return 'size'
  if (schema.items !== undefined) return `list of ${kindOf(schema.items)}`
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
    object: 'mapping',
  }
  return words[schema.type ?? ''] ?? schema.type ?? 'anything'
}

/** The table as Markdown, unaligned. */
export function markdownTable(rows: readonly KeyRow[]): string {
  const lines = rows.map(
    (row) => `| ${row.key} | ${row.kind} | ${row.standard} | ${row.description} |`,
  )
  return ['| key | value | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

/** What stands between `<!-- keys: NAME -->` and `<!-- end -->`, blanks and rules evened out. */
export function markedTables(markdown: string): ReadonlyMap<string, string> {
  const found = markdown.matchAll(/<!-- keys: (\S*) ?-->\n([\s\S]*?)<!-- end -->/g)
  return new Map([...found].map(([, name = '', table = '']) => [name, evened(table)]))
}

/** Without what a formatter may change. */
export const evened = (table: string): string =>
  table.trim().replace(/-{3,}/g, '---').replace(/ +/g, ' ')

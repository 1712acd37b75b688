/** Templates and parameters -> who holds which scopes, several templates at once (SPEC 6). */
import { isMap, isSeq } from 'yaml'
import type { Node } from 'yaml'
import { no, ok } from '../units.ts'
import type { NonEmpty, Result } from '../units.ts'
import { openTemplate } from './open-template.ts'
import type { OpenTemplate } from './open-template.ts'
import { readParameterFiles } from './parameter-files.ts'
import type { Given } from './parameter-files.ts'
import { readMembers } from './permission-members.ts'
import type { FileProblem, Permissions, SourceFile } from './permissions-model.ts'
import { surroundAll } from './surroundings.ts'
import type { Stacked } from './surroundings.ts'
import { section } from './template-scope.ts'

/**
 * Reads templates, YAML or JSON, as one: what one exports others may import.
 *
 * Pure. A value that only AWS or a template that is not given could tell is an `Unknown` in its
 * cell, and harms no other. Problems are what no other file could cure: broken YAML, a file that
 * is no template or holds no parameters, what refers to itself.
 */
export function readPermissions(
  templates: readonly SourceFile[],
  parameterFiles: readonly SourceFile[],
): Result<Permissions, NonEmpty<FileProblem>> {
  const given = readParameterFiles(parameterFiles)
  const opened = templates.map(openTemplate)
  const found = opened.flatMap((one) => (one.ok ? [one.value] : []))
  const problems = [...opened.flatMap((one) => (one.ok ? [] : one.problem)), ...given.problems]
  const stacked = surroundAll(found, given)
  const members = readMembers(stacked)
  judgeConditions(stacked)
  const refused = found.flatMap((template) => template.refused)
  const [first, ...others] = [...problems, ...once(refused)]
  if (first !== undefined) return no([first, ...others])
  return ok({ ...members, notes: [...found.flatMap(outOfSight), ...undeclared(found, given)] })
}

const once = (problems: readonly FileProblem[]): readonly FileProblem[] => [
  ...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values(),
]

/** AWS refuses a template in which one refers to itself, whether or not anything hangs on it. */
function judgeConditions(stacked: readonly Stacked[]): void {
  for (const { template, reader } of stacked)
    for (const { key } of section(template.root, 'Conditions')?.items ?? [])
      reader.condition(String(key), key as Node)
}

/** What may make clients that nobody sees in the text. */
function outOfSight(template: OpenTemplate): readonly FileProblem[] {
  const { file, root, resources, placeOf } = template
  const note = (node: Node, key: string, message: string): FileProblem => ({
    ...{ ...placeOf(node), file, key, message },
  })
  const transform = root.get('Transform', true) as Node | undefined
  const macros = transform === undefined ? [] : isSeq(transform) ? transform.items : [transform]
  const nested = [...resources.values()].filter(({ type }) => type === 'AWS::CloudFormation::Stack')
  return [
    ...macros.map((macro) =>
      note(macro as Node, 'Transform', 'what a macro makes of this template is not known here'),
    ),
    ...template.section.items.flatMap(({ key }) =>
      String(key).startsWith('Fn::')
        ? [note(key as Node, `Resources.${String(key)}`, 'what a loop makes is not known here')]
        : [],
    ),
    ...nested.map(({ logicalId, node }) =>
      note(node, `Resources.${logicalId}`, 'a nested stack is not read; give its template, too'),
    ),
  ]
}

function undeclared(templates: readonly OpenTemplate[], given: Given): readonly FileProblem[] {
  const declared = new Set(
    templates.flatMap(({ root }) =>
      (section(root, 'Parameters')?.items ?? []).flatMap(({ key, value }) =>
        isMap(value) ? [String(key)] : [],
      ),
    ),
  )
  return [...given.parameters].flatMap(([name, { file, line, column }]) =>
    declared.has(name) || name.startsWith('AWS::')
      ? []
      : [{ file, line, column, key: name, message: 'no template declares this parameter' }],
  )
}

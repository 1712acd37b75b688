/** Every key of a cases file, and its JSON Schema for editors. */
import * as z from 'zod'
import { anyNumberOf, count, mapping, oneOrMore, text, word } from '../../config/schema/values.ts'

const requestText = 'must be a request such as GET /export/1'

const token = {
  scopes: anyNumberOf('must be scopes, separated by spaces')
    .optional()
    .describe('the request comes with a valid token that has exactly these scopes'),
  client: text('must be a client id').optional().describe('… of this client'),
  claims: z
    .record(z.string(), z.unknown(), { error: 'must be a mapping from claims to values' })
    .optional()
    .describe('… with exactly these claims, and those that make it valid'),
  issuer: text('must be a name under `issuers`').optional().describe('… of this issuer'),
  anonymous: z
    .literal(true, { error: 'must be true' })
    .optional()
    .describe('no token, as when nothing is said of one'),
}

const expectation = {
  expect: word(['allow', 'deny']).optional().describe('the decision'),
  code: text('must be the code of a refusal').optional().describe('of the denial'),
  status: count(400, 599).optional().describe('of the denial'),
  route: text('must be the id or the path of a route').optional().describe('the owner'),
}

const asked = {
  name: text().optional().describe('of the case, for people'),
  ...token,
  ...expectation,
  request: text(requestText).optional().describe('method and path; a path alone is a GET'),
  requests: oneOrMore(requestText).optional().describe('several with the same expectation'),
}

const caseSchema = mapping(asked)

const caseOrGroupSchema = mapping({
  ...asked,
  cases: z
    .array(caseSchema, { error: 'must be a list of cases' })
    .optional()
    .describe('a group: what it says holds for its cases unless they say something else'),
})

export const casesSchema = mapping({
  version: z.literal(1, { error: 'must be 1' }).describe('of this format'),
  defaults: mapping({ ...token, ...expectation })
    .prefault({})
    .describe('for every case that says nothing else'),
  cases: z
    .array(caseOrGroupSchema, { error: 'must be a list of cases' })
    .describe('requests and what is expected of them'),
})

export type CaseInput = z.output<typeof caseSchema>
export type CaseOrGroupInput = z.output<typeof caseOrGroupSchema>
export type DefaultsInput = z.output<typeof casesSchema>['defaults']

/** The JSON Schema (draft 2020-12) of a cases file. Pure. */
export function casesJsonSchema(): object {
  return {
    title: 'Scopegate cases',
    ...z.toJSONSchema(casesSchema, { io: 'input', unrepresentable: 'any' }),
  }
}

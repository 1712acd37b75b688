/** Every finding of `check --template` and `check --lint`, by number; docs/findings.md is held against it. */

export const severities = ['error', 'warning', 'note'] as const
export type Severity = (typeof severities)[number]

export type FindingKind = {
  readonly severity: Severity
  /** What it is, as a heading. */
  readonly title: string
  readonly why: string
  readonly cure: string
}

export const findingKinds = {
  SG000: {
    severity: 'error',
    title: 'The configuration is not valid',
    why: 'Scopegate does not start with it, and a running one keeps the last good configuration.',
    cure: 'The message says what would be right. Findings of other kinds are looked for once it is valid.',
  },
  SG001: {
    severity: 'error',
    title: 'A route needs a scope that no resource server defines',
    why: 'No token can have it: every request is refused, or the scope is misspelt and another one was meant.',
    cure: 'Correct the scope in the route, or add it to a resource server of the template.',
  },
  SG002: {
    severity: 'warning',
    title: 'A scope is defined that no route uses',
    why: 'Clients can be given it and nobody knows what it opens; a route may have been forgotten.',
    cure: 'Add the route, or remove the scope; ignore it when another API uses it.',
  },
  SG003: {
    severity: 'warning',
    title: 'A client holds a scope that no route needs',
    why: 'It is more than the client needs today, and opens whatever uses the scope tomorrow.',
    cure: 'Remove it from AllowedOAuthScopes; ignore it when another API uses it.',
  },
  SG004: {
    severity: 'warning',
    title: 'No client can call a route',
    why: 'No client of the templates holds the scopes that the route needs: a scope is missing, or the route is not needed.',
    cure: 'Give a client the scope, or remove the route; ignore it when its clients are declared elsewhere.',
  },
  SG005: {
    severity: 'error',
    title: 'A client is given a scope that its pool does not define',
    why: 'Amazon Cognito refuses such a client: the stack cannot be deployed.',
    cure: 'Correct the scope, or add it to a resource server of the same pool.',
  },
  SG006: {
    severity: 'note',
    title: 'A value of the template is not known',
    why: 'It depends on what only AWS or another template knows, and so what is said about the client is not complete.',
    cure: 'Give --parameters, the other template, or the output of `aws cloudformation describe-stack-resources`.',
  },
  SG010: {
    severity: 'warning',
    title: 'A public route lies under a path that needs scopes',
    why: 'A narrower path owns its requests: here everybody may call what lies in the middle of what few may.',
    cure: 'Ask for a scope, or ignore it with the reason why it is public.',
  },
  SG011: {
    severity: 'warning',
    title: 'A route without scopes lies under a path that needs scopes',
    why: 'Every client with any valid token may call it, in the middle of what few may.',
    cure: 'Ask for a scope, or ignore it with the reason why every client may.',
  },
  SG012: {
    severity: 'warning',
    title: 'A route can never match',
    why: 'Narrower paths own every request that it could have, or no client meets its conditions: it protects and opens nothing.',
    cure: 'Remove it, or correct the path or the client ids.',
  },
  SG013: {
    severity: 'warning',
    title: 'Paths differ in a way that an upstream may not see',
    why: 'One path is spelled in two ways, or letters of any case reach a literal beside a parameter: what the upstream serves may have been judged by another route.',
    cure: 'Spell a path in one way; give both routes the same requirement, or leave ignoreCase out.',
  },
  SG020: {
    severity: 'error',
    title: 'A client with client_credentials has no secret',
    why: 'Amazon Cognito refuses such a client: the grant needs a secret.',
    cure: 'Write GenerateSecret: true.',
  },
  SG021: {
    severity: 'error',
    title: 'A client has OAuth flows or scopes that are switched off',
    why: 'Without AllowedOAuthFlowsUserPoolClient: true the flows and scopes do not count, and no token is given.',
    cure: 'Write AllowedOAuthFlowsUserPoolClient: true.',
  },
  SG022: {
    severity: 'error',
    title: 'A client mixes client_credentials with flows of users',
    why: 'Amazon Cognito refuses the mixture: a machine and a person would be the same client.',
    cure: 'Make a client of its own for each.',
  },
  SG023: {
    severity: 'error',
    title: 'A client mixes ALLOW_CLIENT_TOKEN_AUTH with flows of users',
    why: 'Amazon Cognito refuses the mixture: it must be the only one of ExplicitAuthFlows.',
    cure: 'Make a client of its own for each.',
  },
  SG024: {
    severity: 'error',
    title: 'A client has more than 50 scopes',
    why: 'Amazon Cognito refuses such a client.',
    cure: 'Use fewer, wider scopes, or several clients.',
  },
  SG030: {
    severity: 'error',
    title: 'A secret stands in the configuration',
    why: 'Whoever may read the file, its history or a backup has the client secret.',
    cure: 'Write clientSecret: { env: NAME } or { file: path }, and have the issuer make a new secret.',
  },
  SG031: {
    severity: 'warning',
    title: 'A listener is open to other hosts without need',
    why: 'outbound gives tokens to whoever reaches it; the admin listener tells and does more than health checks.',
    cure: 'Listen on 127.0.0.1 or a Unix socket, or keep others away with a network policy and ignore it.',
  },
  SG090: {
    severity: 'error',
    title: 'An entry of the ignore list gives no reason',
    why: 'Nobody can judge later whether it still holds; the entry does not count.',
    cure: 'Write reason: and why the finding is no problem here.',
  },
  SG091: {
    severity: 'warning',
    title: 'An entry of the ignore list matches nothing',
    why: 'What it was written for is gone, or it is misspelt and ignores nothing.',
    cure: 'Remove it, or correct `finding` or `at`.',
  },
} as const satisfies Readonly<Record<string, FindingKind>>

export type FindingId = keyof typeof findingKinds

/** Every number, ascending. */
export const findingIds = Object.keys(findingKinds) as readonly FindingId[]

export type Finding = {
  readonly id: FindingId
  readonly severity: Severity
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  /** What an ignore list may name: path and id of a route, a scope, a client. The first is what it is about. */
  readonly names: readonly [string, ...string[]]
}

type Found = Pick<Finding, 'file' | 'line' | 'column' | 'message' | 'names'>

/** A finding of the severity of its kind. Pure. */
export function finding(id: FindingId, found: Found): Finding {
  const { file, line, column, message, names } = found
  return { id, severity: findingKinds[id].severity, file, line, column, message, names }
}

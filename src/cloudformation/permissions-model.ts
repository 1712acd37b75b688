/** Who holds which scopes, as far as templates say it: what cannot be known is marked, never guessed. */
import type { ConfigProblem } from '../config/config.ts'

/** A template or a file of parameters, as it was read. */
export type SourceFile = {
  /** As given on the command line, for messages. */
  readonly file: string
  readonly text: string
}

/** Line and column from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number }

export type FileProblem = ConfigProblem & { readonly file: string }

/** Something that only AWS, or another template, could tell. */
export type Unknown = Place & {
  readonly kind: 'unknown'
  /** The template's text, on one line and at most 80 characters. */
  readonly source: string
  readonly why: string
}

/** One value of a template. */
export type Cell<Value> = (Place & { readonly kind: 'known'; readonly value: Value }) | Unknown

export type PermissionPool = Place & {
  readonly logicalId: string
  /** `eu-central-1_a1B2c3D4e`; undefined = the template does not know it. */
  readonly id: string | undefined
}

/** A pool of one of the templates, or the id of one that is none of theirs. */
export type PoolReference =
  | { readonly kind: 'template'; readonly pool: PermissionPool }
  | { readonly kind: 'id'; readonly id: string }

type Member = Place & {
  readonly logicalId: string
  readonly pool: Cell<PoolReference>
  /** Whether there is such a resource at all depends on this; undefined = there is. */
  readonly unsure: Unknown | undefined
}

export type PermissionClient = Member & {
  /** `ClientName`, or the logical id where it is not known. */
  readonly name: string
  /** As tokens name it; undefined = the template does not know it. */
  readonly clientId: string | undefined
  /** `AllowedOAuthScopes` as written; they count only with `usesOAuth`. */
  readonly scopes: readonly Cell<string>[]
  /** Obtains tokens with the client credentials grant; undefined = not known. */
  readonly isMachine: boolean | undefined
  readonly usesOAuth: Cell<boolean>
  readonly hasSecret: Cell<boolean>
  readonly oauthFlows: Cell<readonly string[]>
  readonly authFlows: Cell<readonly string[]>
}

export type PermissionServer = Member & {
  readonly identifier: Cell<string>
  /** Full names: `app-api/export`. */
  readonly scopes: readonly Cell<string>[]
}

/** Each list in the order of files and resources. */
export type Permissions = {
  readonly pools: readonly PermissionPool[]
  readonly resourceServers: readonly PermissionServer[]
  readonly clients: readonly PermissionClient[]
  /** What is outside of the cells and not known either: loops, macros, nested stacks. */
  readonly notes: readonly FileProblem[]
}

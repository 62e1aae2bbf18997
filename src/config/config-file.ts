import { type Document, isMap, isScalar, type Node, visit, type YAMLMap, type Pair } from 'yaml'
import type { InputPath } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import type { AccountTiers } from '../pricing/account-tiers.ts'
import { checkShape } from './check-shape.ts'
import { configShape, type SourceKind } from './config-shape.ts'
import type { LimitKey } from './limit-kinds.ts'
import { keepExact, keepNumbersExact, parsePositioned, readText } from './positioned-document.ts'
import type { WrittenServer } from './server-settings.ts'

/** One source as written. */
export interface WrittenSource {
  readonly kind: SourceKind
  readonly path?: string
  readonly paths?: readonly string[]
  readonly map?: string | Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly basis?: 'metered' | 'plan' | 'free'
  readonly provider?: string
  readonly model?: string
  readonly timezone?: string
  readonly delimiter?: string
}

/** Amounts are text, as they stand in the file. */
export type WrittenLimits = Readonly<Partial<Record<LimitKey, string>>>

/** Who is told of an alert. */
export interface WrittenNotification {
  readonly type: 'in_app' | 'email' | 'webhook'
  readonly enabled?: boolean
  readonly recipients?: readonly string[]
  readonly url?: string
}

/** purser.yaml as written; every key is checked but those of `pricing`, `budgets` and `profiles`. */
export interface WrittenConfig {
  readonly db?: string
  readonly timezone?: string
  readonly week_starts?: string
  readonly labels?: { readonly subjects?: readonly string[] }
  readonly pricing?: unknown
  readonly bounds?: { readonly service_tiers?: AccountTiers }
  readonly budgets?: Readonly<Record<string, unknown>>
  readonly limits?: {
    readonly global?: WrittenLimits
    readonly per_project?: { readonly default?: WrittenLimits }
    readonly per_agent?: { readonly default?: WrittenLimits }
  }
  readonly projects?: Readonly<Record<string, { readonly limits?: WrittenLimits }>>
  readonly alerts?: {
    readonly thresholds?: readonly Readonly<Record<string, unknown>>[]
    readonly notifications?: readonly WrittenNotification[]
  }
  readonly profiles?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly profile?: string
  readonly user_profiles?: readonly string[]
  readonly env_file?: string
  readonly sources?: readonly WrittenSource[]
  readonly server?: WrittenServer
  readonly usage?: { readonly retention?: Readonly<Record<string, number | 'forever'>> }
}

/** A purser.yaml that was read. */
export interface ConfigFile {
  readonly path: string
  readonly written: WrittenConfig
  /** `path:line:column` of the value that a path of keys leads to, as far as it leads. */
  readonly locate: (keys: string) => string
  /** The same for a path in parts, which may hold places in lists. */
  readonly placeOf: (path: InputPath) => string
}

/**
 * Reads and checks a purser.yaml.
 * @throws PURSER_BAD_CONFIG with file, line and column, and for a mistyped key the nearest valid one.
 */
export function readConfigFile(path: string): ConfigFile {
  const { document, placeOf, placeOfNode } = parsePositioned(path, readText(path), 'core')
  const refuse = (node: Node | Pair | null | undefined, message: string): never => {
    throw new PurserError('PURSER_BAD_CONFIG', `${placeOfNode(node)}: ${message}`)
  }
  keepAmountsExact(document)
  const root = document.contents
  // A file of comments only says nothing.
  if (root !== null && !(isScalar(root) && root.value === null)) checkShape(dropEmpty(root), configShape, '', refuse)
  return {
    path,
    written: ((document.toJS() as WrittenConfig | null) ?? {}) as WrittenConfig,
    locate: (keys) => placeOfNode(isMap(root) ? findNode(root, keys) : undefined),
    placeOf,
  }
}

const amountKeys = new Set(['usd', 'factor'])
const amountPattern = /^\d+(?:\.\d+)?$/
const amountBlocks = new Set(['budgets', 'limits', 'projects', 'alerts'])

function keepAmountsExact(document: Document.Parsed): void {
  visit(document, {
    Pair: (_, { key, value }) => {
      if (isScalar(key) && amountKeys.has(String(key.value)) && isScalar(value)) keepExact(value, amountPattern)
    },
  })
  if (!isMap(document.contents)) return
  for (const { key, value } of document.contents.items) {
    if (isScalar(key) && amountBlocks.has(String(key.value))) keepNumbersExact(value)
  }
}

/** A key without a value, like `sources:` above commented lines, counts as absent. */
function dropEmpty(root: Node): Node {
  if (!isMap(root)) return root
  const empty = root.items.filter((pair) => pair.value === null || (isScalar(pair.value) && pair.value.value === null))
  for (const pair of empty) if (isScalar(pair.key) && Object.hasOwn(configShape.keys, String(pair.key.value))) root.delete(pair.key)
  return root
}

/** Names may contain dots, so the longest key that begins what is left of the path is taken. */
function findNode(map: YAMLMap, keys: string): Node | undefined {
  const pairs = map.items.filter(({ key }) => isScalar(key) && (keys === String(key.value) || keys.startsWith(`${key.value}.`)))
  const [pair] = pairs.toSorted((a, b) => keyLength(b) - keyLength(a))
  if (pair === undefined) return undefined
  const rest = keys.slice(keyLength(pair) + 1)
  const deeper = rest !== '' && isMap(pair.value) ? findNode(pair.value, rest) : undefined
  return deeper ?? (pair.key as Node)
}

function keyLength(pair: Pair): number {
  return isScalar(pair.key) ? String(pair.key.value).length : 0
}

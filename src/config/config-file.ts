import { readFileSync } from 'node:fs'
import { type Document, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, visit, type YAMLMap, type YAMLError } from 'yaml'
import { PurserError } from '../errors.ts'
import { asSentence, messageOf } from '../text/sentence.ts'
import { checkShape } from './check-shape.ts'
import { configShape, type SourceKind } from './config-shape.ts'

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

/** purser.yaml as written; every key is checked but `pricing`. */
export interface WrittenConfig {
  readonly db?: string
  readonly timezone?: string
  readonly week_starts?: string
  readonly labels?: { readonly subjects?: readonly string[] }
  readonly pricing?: unknown
  readonly sources?: readonly WrittenSource[]
  readonly usage?: { readonly retention?: Readonly<Record<string, number | 'forever'>> }
}

/** A purser.yaml that was read. */
export interface ConfigFile {
  readonly path: string
  readonly written: WrittenConfig
  /** `path:line:column` of the value that a path of keys leads to, as far as it leads. */
  readonly locate: (keys: string) => string
}

/**
 * Reads and checks a purser.yaml.
 * @throws PURSER_BAD_CONFIG with file, line and column, and for a mistyped key the nearest valid one.
 */
export function readConfigFile(path: string): ConfigFile {
  const text = readText(path)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const placeOf = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const [error] = document.errors
  if (error !== undefined) throw new PurserError('PURSER_BAD_CONFIG', `${placeOf(error.pos[0])}: ${whatIsWrong(error)}`)
  const refuse = (node: Node | Pair | null | undefined, message: string): never => {
    throw new PurserError('PURSER_BAD_CONFIG', `${placeOf(offsetOf(node))}: ${message}`)
  }
  keepAmountsExact(document)
  const root = document.contents
  // A file of comments only says nothing.
  if (root !== null && !(isScalar(root) && root.value === null)) checkShape(dropEmpty(root), configShape, '', refuse)
  return {
    path,
    written: ((document.toJS() as WrittenConfig | null) ?? {}) as WrittenConfig,
    locate: (keys) => placeOf(offsetOf(isMap(root) ? findNode(root, keys) : undefined)),
  }
}

/** What the YAML reader says, in our words where its own speak of its options. */
function whatIsWrong({ code, message }: YAMLError): string {
  if (code === 'NON_STRING_KEY') return 'A key must be plain text or a number, and not a list or a mapping.'
  return asSentence(message)
}

const amountKeys = new Set(['usd', 'factor'])

/** Amounts are decimal text. One that was written without quotes is taken as it stands there, not as a binary fraction. */
function keepAmountsExact(document: Document.Parsed): void {
  visit(document, {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || !amountKeys.has(String(key.value)) || !isScalar(value)) return
      if (typeof value.value === 'number' && /^\d+(?:\.\d+)?$/.test(value.source ?? '')) value.value = value.source
    },
  })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PurserError('PURSER_BAD_CONFIG', `${path} cannot be read: ${messageOf(cause)}.`, { cause })
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

function offsetOf(node: Node | Pair | null | undefined): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0
}

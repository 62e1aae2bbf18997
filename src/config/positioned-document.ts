import { readFileSync } from 'node:fs'
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml'
import type { InputPath } from '../budgets/input-place.ts'
import { PurserError } from '../errors.ts'
import { asSentence, messageOf } from '../text/sentence.ts'

/** A file of YAML or JSON that knows where each of its values stands. */
export interface PositionedDocument {
  readonly path: string
  readonly document: Document.Parsed
  /** `path:line:column` of a node, of the beginning where there is none. */
  readonly placeOfNode: (node: Node | Pair | null | undefined) => string
  /** `path:line:column` of the key or entry that a path leads to, as far as it leads. */
  readonly placeOf: (path: InputPath) => string
}

/** @throws PURSER_BAD_CONFIG with line and column where it cannot be parsed */
export function parsePositioned(path: string, text: string, schema: 'core' | 'json'): PositionedDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, schema })
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const [error] = document.errors
  if (error !== undefined) throw new PurserError('PURSER_BAD_CONFIG', `${placeAt(error.pos[0])}: ${whatIsWrong(error, schema)}`)
  const placeOfNode = (node: Node | Pair | null | undefined): string => placeAt((node as Node | null | undefined)?.range?.[0] ?? 0)
  return { path, document, placeOfNode, placeOf: (keys) => placeOfNode(nodeAt(document.contents, keys)) }
}

/** @throws PURSER_BAD_CONFIG where it cannot be read */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PurserError('PURSER_BAD_CONFIG', `${path} cannot be read: ${messageOf(cause)}.`, { cause })
  }
}

/** What the YAML reader says, in our words where its own speak of its options. */
function whatIsWrong({ code, message }: YAMLError, schema: 'core' | 'json'): string {
  // What it says of JSON repeats the value, which may be a credential.
  if (schema === 'json') return 'This is not JSON.'
  if (code === 'NON_STRING_KEY') return 'A key must be plain text or a number, and not a list or a mapping.'
  return asSentence(message)
}

function nodeAt(root: Node | null, path: InputPath): Node | undefined {
  let [node, found]: [unknown, Node | undefined] = [root, undefined]
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key))
      if (pair === undefined) return found
      ;[node, found] = [pair.value, pair.key as Node]
    } else if (isSeq(node) && typeof key === 'number' && key < node.items.length) {
      node = node.items[key]
      found = node as Node
    } else return found
  }
  return found
}

const plainNumber = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/

/** Amounts are decimal text. A number written without quotes is taken as it stands there, not as a binary fraction. */
export function keepNumbersExact(node: unknown): void {
  visit(node as Node, { Scalar: (key, scalar) => (key === 'key' ? undefined : keepExact(scalar, plainNumber)) })
}

export function keepExact(scalar: Scalar, pattern: RegExp): void {
  if (typeof scalar.value === 'number' && pattern.test(scalar.source ?? '')) scalar.value = scalar.source
}

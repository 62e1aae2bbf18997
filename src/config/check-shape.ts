import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { closest } from '../text/closest.ts'
import type { Shape } from './shape.ts'

/** Refuses a value; `node` is where it stands in the file. */
export type Refuse = (node: Node | Pair | null | undefined, message: string) => never

/** Checks a YAML node against a shape. What is wrong is handed to `refuse`, with the path of keys that leads to it. */
export function checkShape(node: unknown, shape: Shape, path: string, refuse: Refuse): void {
  const where = node as Node | null | undefined
  const wrong = (expected: string): never => refuse(where, `${path === '' ? 'The file' : path} must be ${expected}.`)
  switch (shape.kind) {
    case 'prices':
      return isMap(node) ? undefined : wrong('a mapping of models to prices')
    case 'budgets':
      return isMap(node) ? undefined : wrong('a mapping of names to budgets')
    case 'written':
      return undefined
    case 'amount':
      return isText(node) || isNumber(node) ? undefined : wrong(shape.unit)
    case 'yes-no':
      return isScalar(node) && typeof node.value === 'boolean' ? undefined : wrong('true or false')
    case 'text':
      return isText(node) ? undefined : wrong('text')
    case 'choice':
      return isText(node) && shape.values.includes(String(node.value))
        ? undefined
        : wrong(`one of ${shape.values.join(', ')}${near(node, shape.values)}`)
    case 'days':
      return isDays(node) ? undefined : wrong('a number of days, 1 or more, or forever')
    case 'texts':
      return isSeq(node) && node.items.every(isText) ? undefined : wrong('a list of texts, like [customer]')
    case 'text-map':
      if (shape.orText === true && isText(node)) return undefined
      return isMap(node) && node.items.every((pair) => isPlain(pair.value)) ? undefined : wrong('a mapping of names to texts')
    case 'list':
      if (!isSeq(node)) return wrong('a list; begin each entry with "- "')
      return node.items.forEach((item, index) => checkShape(item, shape.of, `${path}[${index + 1}]`, refuse))
    case 'named':
      if (!isMap(node)) return wrong(`a mapping of names of ${shape.name}s to keys and values`)
      return node.items.forEach((pair) => checkShape(pair.value, shape.of, join(path, keyText(pair)), refuse))
    case 'map':
      return isMap(node) ? checkKeys(node.items, shape, path, refuse, where) : wrong('a mapping of keys to values')
  }
}

function checkKeys(
  pairs: readonly Pair[],
  shape: Extract<Shape, { kind: 'map' }>,
  path: string,
  refuse: Refuse,
  where: Node | null | undefined,
): void {
  const known = Object.keys(shape.keys)
  const seen = new Set<string>()
  for (const pair of pairs) {
    const key = keyText(pair)
    const field = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined
    if (field === undefined) {
      const nearest = closest(key, known)
      const hint = nearest === undefined ? `Known keys: ${known.join(', ')}.` : `Did you mean "${nearest}"?`
      return refuse(pair.key as Node, `"${join(path, key)}" is not a key that purser knows. ${hint}`)
    }
    seen.add(key)
    checkShape(pair.value, field.shape, join(path, key), refuse)
  }
  for (const [key, field] of Object.entries(shape.keys)) {
    if (field.required === true && !seen.has(key)) refuse(where, `${path === '' ? 'The file' : path} has no "${key}".`)
  }
}

function keyText({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : ''
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function isText(node: unknown): node is { value: unknown } {
  return isScalar(node) && typeof node.value === 'string' && node.value !== ''
}

function isNumber(node: unknown): boolean {
  return isScalar(node) && typeof node.value === 'number'
}

/** Numbers and dates are written without quotes where text is meant; they are taken as written. */
function isPlain(node: unknown): boolean {
  return isScalar(node) && ['string', 'number', 'boolean'].includes(typeof node.value)
}

function isDays(node: unknown): boolean {
  return isScalar(node) && (node.value === 'forever' || (Number.isSafeInteger(node.value) && Number(node.value) >= 1))
}

function near(node: unknown, values: readonly string[]): string {
  const nearest = isText(node) ? closest(String(node.value), values) : undefined
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

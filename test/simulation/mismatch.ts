/** What the store did is not what the model foresaw. */
export class Mismatch extends Error {
  readonly operation: string
  readonly expected: string
  readonly actual: string

  constructor(operation: string, expected: unknown, actual: unknown) {
    super(`${operation}: expected ${textOf(expected)}, actual ${textOf(actual)}`)
    this.name = 'Mismatch'
    this.operation = operation
    this.expected = textOf(expected)
    this.actual = textOf(actual)
  }
}

/** @throws Mismatch unless both are the same as JSON */
export function same(operation: string, expected: unknown, actual: unknown): void {
  if (textOf(expected) !== textOf(actual)) throw new Mismatch(operation, expected, actual)
}

/** JSON with amounts as text and keys in one order. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner)
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/**
 * Values of the ledger as JSON that loses nothing: JSON has no integers of any size, no bytes and no maps, so these travel as
 * objects of one field whose name begins with `$`; objects that look like that travel as a list of their fields.
 */
export function toWire(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toWire)
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  if (value instanceof Map) return { $map: [...value].map(([key, held]) => [toWire(key), toWire(held)]) }
  const fields = Object.entries(value)
    .filter(([, held]) => held !== undefined)
    .map(([key, held]) => [key, toWire(held)] as const)
  const [only] = fields
  return fields.length === 1 && only?.[0].startsWith('$') === true ? { $object: fields } : Object.fromEntries(fields)
}

/**
 * The value that `toWire` made JSON of.
 * @throws TypeError, SyntaxError or RangeError for what no `toWire` has made
 */
export function fromWire(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(fromWire)
  const fields = Object.entries(value)
  const [only] = fields
  if (fields.length === 1 && only?.[0].startsWith('$') === true) return unpacked(only[0], only[1])
  return Object.fromEntries(fields.map(([key, held]) => [key, fromWire(held)]))
}

function unpacked(tag: string, held: unknown): unknown {
  switch (tag) {
    case '$bigint':
      return BigInt(textOf(held, /^-?\d{1,40}$/))
    case '$number':
      return Number(textOf(held, /^(?:-?Infinity|NaN)$/))
    case '$bytes':
      return new Uint8Array(Buffer.from(textOf(held, /^[A-Za-z0-9+/=]*$/), 'base64'))
    case '$map':
      return new Map(pairsOf(held).map(([key, each]) => [fromWire(key), fromWire(each)]))
    case '$object':
      return Object.fromEntries(pairsOf(held).map(([key, each]) => [textOf(key, /^/), fromWire(each)]))
    default:
      throw new TypeError('A field begins with "$" that stands for nothing.')
  }
}

function textOf(held: unknown, pattern: RegExp): string {
  if (typeof held !== 'string' || !pattern.test(held)) throw new TypeError('A value is not of the form that its name says.')
  return held
}

function pairsOf(held: unknown): [unknown, unknown][] {
  if (!Array.isArray(held) || !held.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw new TypeError('A list of pairs is something else.')
  }
  return held as [unknown, unknown][]
}

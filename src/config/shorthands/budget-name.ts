import { createHash } from 'node:crypto'

const maxLength = 64

/**
 * The name of a budget that is made for one value of a label. Characters that no name has become `_`, and what is then no
 * longer the value, or too long, ends in a part of its hash, so that two values never share a name.
 */
export function budgetName(before: string, value: string, after: string): string {
  const plain = value.replace(/[^A-Za-z0-9._:/-]/g, '_')
  const room = maxLength - before.length - after.length
  if (plain === value && plain.length <= room) return `${before}${plain}${after}`
  const hash = createHash('sha256').update(value).digest('hex').slice(0, 8)
  return `${before}${plain.slice(0, room - hash.length - 1)}-${hash}${after}`
}

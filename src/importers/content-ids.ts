import { hash } from 'node:crypto'

/**
 * Ids of records that bring none: made from what a record says and how many equal ones stand before it in its file, so
 * that equal rows stay two, and the same file, moved or grown, books nothing twice.
 */
export function createContentIds(prefix: string, header: string): (content: string) => string {
  const seen = new Map<number, number>()
  return (content) => {
    const digest = hash('sha256', `${header}\n${content}`, 'hex').slice(0, 32)
    const short = Number.parseInt(digest.slice(0, 12), 16)
    const ordinal = seen.get(short) ?? 0
    seen.set(short, ordinal + 1)
    return ordinal === 0 ? `${prefix}:${digest}` : `${prefix}:${digest}:${ordinal + 1}`
  }
}

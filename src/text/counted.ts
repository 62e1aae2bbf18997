import { formatCount } from './numbers.ts'

/** The plural of a word: `searches`, `cards`, `entries`. */
export function plural(word: string): string {
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${word}es`
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`
}

/** A number with its word: `1 card`, `12,000 cards`. */
export function counted(count: number | bigint, word: string): string {
  return `${formatCount(count)} ${Number(count) === 1 ? word : plural(word)}`
}

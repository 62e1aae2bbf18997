import type { Discrepancy } from './store.ts'

/**
 * Pairs the rows that only the ledger has with those that only the reckoning gives, by their key. Rows are texts, first
 * the cells of the key, then the values.
 */
export function pairDiscrepancies(
  table: string,
  key: readonly string[],
  onlyStored: readonly (readonly string[])[],
  onlyExpected: readonly (readonly string[])[],
): Discrepancy[] {
  const found = new Map<string, { stored: string; expected: string }>()
  const note = (cells: readonly string[], side: 'stored' | 'expected'): void => {
    const name = key.map((column, index) => `${column} ${cells[index]}`).join(', ')
    const entry = found.get(name) ?? { stored: 'no row', expected: 'no row' }
    found.set(name, { ...entry, [side]: cells.slice(key.length).join(' ') || 'a row' })
  }
  for (const cells of onlyStored) note(cells, 'stored')
  for (const cells of onlyExpected) note(cells, 'expected')
  return [...found].map(([name, sides]) => ({ table, key: name, ...sides }))
}

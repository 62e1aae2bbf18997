import { expect, test } from 'vitest'
import { counted, plural } from './counted.ts'

test.each([
  [0, 'card', '0 cards'],
  [1, 'card', '1 card'],
  [12_000, 'search', '12,000 searches'],
  [2, 'entry', '2 entries'],
  [2, 'day', '2 days'],
])('%d of %s are %s', (count, word, text) => {
  expect(counted(count, word)).toBe(text)
})

test('units of what is billed', () => {
  expect(['token', 'image', 'second', 'search', 'page', 'token-hour'].map(plural).join(' ')).toBe(
    'tokens images seconds searches pages token-hours',
  )
})

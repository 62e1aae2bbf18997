import { expect, test } from 'vitest'
import { formatDuration } from './duration.ts'

test.each([
  [0, '<1 s'],
  [45_900, '45 s'],
  [60_000, '1 min'],
  [3_600_000, '1 h'],
  [19_200_000, '5 h 20 min'],
  [273_600_000, '3 d 4 h'],
  [172_800_000, '2 d'],
])('%i ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

import { describe, expect, test } from 'vitest'
import { cutToWidth, displayWidth, printable } from './display-width.ts'

test.each([
  ['atlas', 5],
  ['', 0],
  ['Ünïcode', 7],
  // The same with the marks as characters of their own.
  ['U\u0308ni\u0308code', 7],
  ['日本語', 6],
  ['한글', 4],
  ['🎬', 2],
  ['ｆｕｌｌ', 8],
])('%s takes %d columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns)
})

describe('a text cut to a width', () => {
  test.each([
    ['atlas', 5, 'atlas'],
    ['atlas', 4, 'atl…'],
    ['atlas', 1, '…'],
    ['atlas', 0, ''],
    ['日本語', 6, '日本語'],
    // A wide character never stands half.
    ['日本語', 4, '日…'],
    ['日本語', 5, '日本…'],
  ])('%s in %d is %s', (text, columns, cut) => {
    expect(cutToWidth(text, columns)).toBe(cut)
    expect(displayWidth(cut)).toBeLessThanOrEqual(columns)
  })
})

test('what a terminal might obey is taken out', () => {
  expect(printable('a\u001B[31mb\nc\u202Ed')).toBe('a\uFFFD[31mb\uFFFDc\uFFFDd')
  expect(printable('Ünïcode 🎬')).toBe('Ünïcode 🎬')
})

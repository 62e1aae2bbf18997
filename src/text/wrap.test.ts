import { describe, expect, test } from 'vitest'
import { fitPage, wrapText } from './wrap.ts'

describe('wrapText', () => {
  test('breaks between words, and sets in what follows the first line', () => {
    expect(wrapText('one two three four', 9, '  ')).toEqual(['one two', '  three', '  four'])
    expect(wrapText('  one two', 6)).toEqual(['  one', 'two'])
  })

  test('leaves words whole that are longer than a line, and all where there is no limit', () => {
    expect(wrapText('a sesquipedalian b', 6)).toEqual(['a', 'sesquipedalian', 'b'])
    expect(wrapText('one two three', Infinity)).toEqual(['one two three'])
  })
})

describe('fitPage', () => {
  test('leaves what fits as it is', () => {
    expect(fitPage('Examples:\n  purser costs   all\n', 40)).toBe('Examples:\n  purser costs   all\n')
  })

  test('sets paragraphs anew, and puts a remark below its example', () => {
    const page = 'Rows go by\nwhat you ask.\n\n  purser costs --by day    day by day'
    expect(fitPage(page, 24).split('\n')).toEqual(['Rows go by', 'what you ask.', '', '  purser costs --by day', '      day by day'])
    expect(fitPage('A long line of words\nand on', 12).split('\n')).toEqual(['A long line', 'of words and', 'on'])
  })
})

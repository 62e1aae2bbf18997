import { describe, expect, test } from 'vitest'
import { parseServes } from './parse-serves.ts'

const one = { labels: { ticket: 'T-1' } }

describe('whom a call serves', () => {
  test('is read with exact weights, 1 where none is given', () => {
    const weights = [2, '2.50', 0.1, '1e3', undefined].map((weight) => ({ ...one, ...(weight !== undefined && { weight }) }))
    expect(parseServes(weights).map(({ weight }) => weight)).toEqual(['2', '2.5', '0.1', '1000', '1'])
  })

  test.each([0, -1, '0.0', 'much', '', null, true, Number.NaN, Number.POSITIVE_INFINITY])('is refused with the weight %s', (weight) => {
    expect(() => parseServes([{ ...one, weight }])).toThrow(expect.objectContaining({ code: 'PURSER_BAD_NUMBER' }))
  })

  test.each(['1e13', '1e999', '0.0000000000001'])('is refused with a weight that nobody means: %s', (weight) => {
    expect(() => parseServes([{ ...one, weight }])).toThrow('12 digits')
  })

  test('is a list of 1 to 100', () => {
    for (const input of [{}, 'T-1', null, [], Array.from({ length: 101 }, () => one)]) {
      expect(() => parseServes(input)).toThrow('it must be a list of 1 to 100')
    }
    expect(parseServes(Array.from({ length: 100 }, () => one))).toHaveLength(100)
  })

  test('is named by labels, and by nothing that is not known', () => {
    expect(() => parseServes(['T-1'])).toThrow('serves[0] is "T-1"')
    expect(() => parseServes([one, { weight: 1 }])).toThrow('"labels" of serves[1] is undefined')
    expect(() => parseServes([{ ...one, wieght: 2 }])).toThrow('Unknown field "wieght" in serves[0]')
    expect(() => parseServes([{ labels: { model: 'x' } }])).toThrow(expect.objectContaining({ code: 'PURSER_BAD_LABEL' }))
  })
})

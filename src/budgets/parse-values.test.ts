import { describe, expect, test } from 'vitest'
import type { Metric, Window } from './budget.ts'
import { formatWindow } from './amount-text.ts'
import { inputPlace } from './input-place.ts'
import { parseAmount } from './parse-amount.ts'
import { parseDuration } from './parse-duration.ts'
import { parseThresholds } from './parse-thresholds.ts'
import { parseWindow } from './parse-window.ts'

const place = inputPlace((_, predicate) => {
  throw new Error(predicate)
})

describe('amounts', () => {
  test.each<[Metric, unknown, bigint]>([
    ['cost', 5, 5_000_000_000n],
    ['cost', 0.1, 100_000_000n],
    ['cost', '0.1', 100_000_000n],
    ['cost', '5.00', 5_000_000_000n],
    ['cost', '$5', 5_000_000_000n],
    ['cost', '$ 0.25', 250_000_000n],
    ['cost', '5.00 USD', 5_000_000_000n],
    ['cost', '1e-9', 1n],
    ['cost', 0, 0n],
    ['cost', 7n, 7n],
    // More digits than a binary fraction holds.
    ['cost', '1234567890.123456789', 1_234_567_890_123_456_789n],
    ['cost', '9223372036.854775807', 2n ** 63n - 1n],
    ['tokens', 200_000, 200_000n],
    ['tokens', '200k', 200_000n],
    ['tokens', '1M', 1_000_000n],
    ['tokens', '1.5m', 1_500_000n],
    ['tokens', '2B', 2_000_000_000n],
    ['calls', '10', 10n],
    ['concurrency', 0, 0n],
  ])('%s %s', (metric, value, expected) => {
    expect(parseAmount(value, metric, place)).toBe(expected)
  })

  test.each<[Metric, unknown, string]>([
    ['cost', -0.01, 'is -0.01; it must be dollars of 0 or more'],
    ['cost', -1n, 'is -1; it must be dollars'],
    ['cost', '-0', 'is "-0"; it must be dollars'],
    ['cost', '$-0.00', 'is "$-0.00"; it must be dollars'],
    ['tokens', '-0k', 'is "-0k"; it must be a whole number'],
    ['cost', Number.NEGATIVE_INFINITY, 'is -Infinity; it must be dollars'],
    ['cost', [5n, Number.NaN], 'is ["5","NaN"]; it must be dollars'],
    ['cost', '5k', 'is "5k"; it must be dollars'],
    ['cost', '5 EUR', 'is "5 EUR"; it must be dollars'],
    ['cost', '1,000', 'is "1,000"; it must be dollars'],
    ['cost', '', 'is ""; it must be dollars'],
    ['cost', '$', 'is "$"; it must be dollars'],
    ['cost', Number.NaN, 'it must be dollars'],
    ['cost', true, 'is true; it must be dollars'],
    ['cost', [5], 'is [5]; it must be dollars'],
    ['cost', '0.0000000001', 'has more than nine decimals'],
    ['cost', 0.1 + 0.2, 'has more than nine decimals'],
    ['cost', '9223372036.854775808', 'more than a ledger can count'],
    ['tokens', '$5', 'is "$5"; it must be a whole number of tokens'],
    ['tokens', 1.5, 'is 1.5; it must be a whole number of tokens'],
    ['tokens', '0.0001k', 'it must be a whole number of tokens'],
    ['tokens', 'k', 'it must be a whole number of tokens'],
    ['calls', -1, 'it must be a whole number of calls'],
    ['concurrency', 'many', 'it must be a whole number of places'],
  ])('%s %s cannot be', (metric, value, message) => {
    expect(() => parseAmount(value, metric, place)).toThrow(message)
  })
})

describe('windows', () => {
  test.each<[string, Window, string]>([
    ['run', { kind: 'run' }, 'run'],
    ['hour', { kind: 'hour' }, 'hour'],
    ['Day', { kind: 'day' }, 'day'],
    ['week', { kind: 'week', startsOn: 7 }, 'week@sunday'],
    ['week@monday', { kind: 'week', startsOn: 1 }, 'week'],
    ['month', { kind: 'month', anchorDay: 1 }, 'month'],
    ['month@15', { kind: 'month', anchorDay: 15 }, 'month@15'],
    ['month@31', { kind: 'month', anchorDay: 31 }, 'month@31'],
    ['quarter', { kind: 'quarter' }, 'quarter'],
    ['year', { kind: 'year' }, 'year'],
    ['total', { kind: 'total' }, 'total'],
    ['24h', { kind: 'rolling', hours: 24 }, '24h'],
    ['rolling 24h', { kind: 'rolling', hours: 24 }, '24h'],
    ['7d', { kind: 'rolling', hours: 168 }, '7d'],
    ['2w', { kind: 'rolling', hours: 336 }, '14d'],
  ])('%s, where weeks begin on Sunday', (text, window, written) => {
    expect(parseWindow(text, 7, place)).toEqual(window)
    expect(formatWindow(window)).toBe(written)
  })

  test.each<[unknown, string]>([
    ['daily', 'did you mean "day"?'],
    ['month@32', 'from 1 to 31'],
    ['month@0', 'from 1 to 31'],
    ['month@', 'from 1 to 31'],
    ['week@noday', 'a week begins on one of monday'],
    ['day@3', 'Write run, hour, day'],
    ['0h', 'from 1h to 366d'],
    ['367d', 'from 1h to 366d'],
    ['90m', 'write run, hour, day'],
    [{ month: 15 }, 'write run, hour, day'],
    [24, 'write run, hour, day'],
  ])('%j cannot be', (value, message) => {
    expect(() => parseWindow(value, 1, place)).toThrow(message)
  })
})

describe('thresholds', () => {
  test.each<[unknown, object[]]>([
    ['80', [{ percent: 80, level: 'warning' }]],
    [
      '95, 50',
      [
        { percent: 50, level: 'info' },
        { percent: 95, level: 'critical' },
      ],
    ],
    ['none', []],
    [[], []],
    [
      [99.5, '120%'],
      [
        { percent: 99.5, level: 'critical' },
        { percent: 120, level: 'critical' },
      ],
    ],
    [
      [{ percent: 70, level: 'critical', message: 'go home', action: 'pause' }],
      [{ percent: 70, level: 'critical', message: 'go home', action: 'pause' }],
    ],
    [
      [{ threshold: 0.8 }, { threshold: '100%' }, { threshold: '0.9025' }],
      [
        { percent: 80, level: 'warning' },
        { percent: 90.25, level: 'warning' },
        { percent: 100, level: 'critical' },
      ],
    ],
  ])('%j', (value, expected) => {
    expect(parseThresholds(value, 'cost', place)).toEqual(expected)
  })

  test.each<[unknown, string]>([
    [[0], 'is 0; it must be a percent above 0'],
    [[-5], 'it must be a percent above 0'],
    [[1000.01], 'up to 1000'],
    [[80.001], 'at most two decimals'],
    [['eighty'], 'it must be a percent'],
    [[{ threshold: 80 }], 'is 80; it must be a share of the limit'],
    [[{ threshold: 0.8, percent: 80 }], 'must have a percent'],
    [[{ level: 'info' }], 'must have a percent'],
    [[{ percent: 80, levle: 'info' }], 'did you mean "level"?'],
    [[{ percent: 80, level: 'bad' }], 'it must be one of info, warning, critical'],
    [[{ percent: 80, action: 'stop' }], 'it must be one of warn, block'],
    [[80, '80%'], 'has 80 twice'],
    [80, 'is 80; it must be a list of percents'],
  ])('%j cannot be', (value, message) => {
    expect(() => parseThresholds(value, 'cost', place)).toThrow(message)
  })
})

describe('spans of time', () => {
  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['', '90', '1.5h', '-5s', '5 minutes', 's', '1h 30m x', '9999999999999999d'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow('is no span of time. Write it like 90s')
  })
})

import { expect, test } from 'vitest'
import { isDuring, isFinalFor, specificity } from './conditions.ts'

const nights = [{ from: '22:00', to: '06:00', zone: 'Europe/Paris', weekdays: [5] }]

test.each([
  // Paris is two hours ahead of UTC in summer. 2026-07-03 is a Friday.
  ['2026-07-03T19:59:00Z', false],
  ['2026-07-03T20:00:00Z', true],
  ['2026-07-03T21:59:00Z', true],
  ['2026-07-03T22:00:00Z', true],
  ['2026-07-04T03:59:00Z', true],
  ['2026-07-04T04:00:00Z', false],
  ['2026-07-04T20:00:00Z', false],
  ['2026-07-03T03:00:00Z', false],
])('a night that belongs to Friday, at %s: %s', (at, holds) => {
  expect(isDuring(nights, Date.parse(at))).toBe(holds)
})

test('a day that ends at 24:00 has its last minute, and Sunday night runs into Monday', () => {
  const evening = [{ from: '16:30', to: '24:00', zone: 'UTC' }]
  expect(isDuring(evening, Date.parse('2026-07-04T23:59:59Z'))).toBe(true)
  expect(isDuring(evening, Date.parse('2026-07-05T00:00:00Z'))).toBe(false)
  const sunday = [{ from: '20:00', to: '02:00', zone: 'UTC', weekdays: [7] }]
  expect(isDuring(sunday, Date.parse('2026-07-06T01:59:00Z'))).toBe(true)
  expect(isDuring(sunday, Date.parse('2026-07-05T01:59:00Z'))).toBe(false)
})

test('the clock that people there read counts, also when it changes', () => {
  // On 2026-10-25 Paris goes back from 03:00 to 02:00: 00:30 and 01:30 UTC both read 02:30 there.
  const small = [{ from: '02:00', to: '03:00', zone: 'Europe/Paris' }]
  expect([0, 1, 2].map((hour) => isDuring(small, Date.parse(`2026-10-25T0${hour}:30:00Z`)))).toEqual([true, true, false])
})

test('every condition counts once, a star not at all', () => {
  expect(specificity(undefined)).toBe(0)
  expect(specificity({ serviceTier: '*' })).toBe(0)
  expect(specificity({ serviceTier: 'batch', region: 'us', attributes: { size: 'a', quality: 'b' } })).toBe(4)
  expect(specificity({ hours: nights })).toBe(1)
})

test('a rate is final for the conditions that it names itself, and for no others', () => {
  expect(isFinalFor({ serviceTier: 'batch' }, { serviceTier: 'batch' })).toBe(true)
  expect(isFinalFor({ serviceTier: 'batch' }, { region: 'us' })).toBe(false)
  expect(isFinalFor({ serviceTier: '*' }, { serviceTier: 'batch' })).toBe(false)
  expect(isFinalFor({ hours: nights }, { hours: nights })).toBe(true)
  expect(isFinalFor({ attributes: { size: 'a' } }, { attributes: { size: 'a' } })).toBe(true)
  expect(isFinalFor({ attributes: { size: 'a' } }, { attributes: { quality: 'b' } })).toBe(false)
  expect(isFinalFor(undefined, { serviceTier: 'batch' })).toBe(false)
})

import { describe, expect, test } from 'vitest'
import { acmeCard } from '../../test/ledger/acme-cards.ts'
import { catalogOf, draft, testNow } from '../../test/ledger/temporary-ledger.ts'
import type { ErrorCode } from '../errors.ts'
import type { Nanos } from '../money/nanos.ts'
import type { ChargeInput } from './charge.ts'

const nanos = (value: bigint) => value as Nanos
type Case = [string, Partial<ChargeInput>, string, bigint | null]
const withCode = (code: ErrorCode, said = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(said) as string }) as Error

describe('which cost counts', () => {
  const used = { inputTokens: 10 }
  const [stated, reported] = [nanos(77n), nanos(88n)]

  test.each<Case>([
    ['our price before a stated and a reported one', { usage: used, statedNanos: stated, reportedNanos: reported }, 'priced', 20n],
    ['the stated one where we have none', { model: 'x', usage: used, statedNanos: stated, reportedNanos: reported }, 'stated', 77n],
    ['the reported one where nothing else is known', { model: 'x', usage: used, reportedNanos: reported }, 'reported', 88n],
    ['none, which is not zero', { model: 'x', usage: used }, 'unpriced', null],
    ['ours in part, where some of it has no rate', { model: 'half-known', usage: { inputTokens: 2, outputTokens: 1 } }, 'partial', 10n],
    [
      'the stated one before ours in part',
      { model: 'half-known', usage: { inputTokens: 2, outputTokens: 1 }, statedNanos: stated },
      'stated',
      77n,
    ],
    ['the stated one where no usage is given', { usage: {}, statedNanos: stated }, 'stated', 77n],
    ['a stated zero', { model: 'x', usage: used, statedNanos: nanos(0n) }, 'stated', 0n],
  ])('%s', (_, input, status, costNanos) => {
    const charge = draft(input)
    expect([charge.status, charge.costNanos]).toEqual([status, costNanos])
    expect(charge.statedNanos).toBe(input.statedNanos ?? null)
    expect(charge.reportedNanos).toBe(input.reportedNanos ?? null)
  })

  test('an unpriced charge says why', () => {
    expect(draft({ model: 'x' })).toMatchObject({ unpricedReason: 'unknown-model', card: null, match: null, lines: [] })
    expect(draft({ model: 'half-known', usage: { outputTokens: 1, inputTokens: 1 } })).toMatchObject({ unratedMeters: ['outputTokens'] })
  })
})

describe('basis', () => {
  test('is metered, free where a card says so, or as it is given', () => {
    expect(draft().basis).toBe('metered')
    expect(draft({ model: 'local' }).basis).toBe('free')
    expect(draft({ basis: 'plan' }).basis).toBe('plan')
    expect(draft({ model: 'mystery' }).basis).toBe('metered')
    expect(draft({ model: 'half-known', usage: { outputTokens: 3 } }).basis).toBe('metered')
  })

  test('is free also where zero is written with decimals', () => {
    expect(draft({ model: 'zero' }, catalogOf([acmeCard('zero', { inputTokens: '0.00' })])).basis).toBe('free')
  })
})

const circular: Record<string, unknown> = {}
circular['self'] = circular

test('tier, speed and region that are empty are those of an ordinary call', () => {
  expect(draft({ serviceTier: '', speed: '', region: '' })).toMatchObject({
    serviceTier: 'standard',
    speed: 'standard',
    region: null,
    status: 'priced',
  })
})

describe('a call that breaks a rule is refused', () => {
  test.each([
    ['a call of 1970', { at: 0 }, 'PURSER_BAD_TIME', '1970-01-01'],
    ['a call of 1999', { at: Date.UTC(2000, 0, 1) - 1 }, 'PURSER_BAD_TIME', '1999-12-31'],
    ['a call of 2090', { at: Date.UTC(2090, 0, 1) }, 'PURSER_BAD_TIME', '2090-01-01'],
    ['a call more than a year ahead', { at: testNow + 367 * 86_400_000 }, 'PURSER_BAD_TIME', 'one year from now'],
    ['a time that is no number', { at: Number.NaN }, 'PURSER_BAD_TIME', 'NaN'],
    ['a time with half a millisecond', { at: testNow + 0.5 }, 'PURSER_BAD_TIME', ''],
    ['a provider without a name', { provider: '' }, 'PURSER_BAD_RECORD', 'provider'],
    ['a model of two lines', { model: 'a\nb' }, 'PURSER_BAD_RECORD', 'model'],
    ['a model with a very long name', { model: 'm'.repeat(257) }, 'PURSER_BAD_RECORD', 'model'],
    ['a tier of two lines', { serviceTier: 'a\nb' }, 'PURSER_BAD_RECORD', 'service tier'],
    ['a region with a control character', { region: 'eu\u0007' }, 'PURSER_BAD_RECORD', 'region'],
    ['a speed with a very long name', { speed: 's'.repeat(257) }, 'PURSER_BAD_RECORD', 'speed'],
    ['a response id of two lines', { id: 'x', responseId: 'a\nb' }, 'PURSER_BAD_RECORD', 'response id'],
    ['more tokens than all the world has', { usage: { inputTokens: 1e12 + 1 } }, 'PURSER_BAD_NUMBER', 'inputTokens'],
    ['a label of two lines', { labels: { project: 'a\nb' } }, 'PURSER_BAD_LABEL', 'line break'],
    ['metadata beyond 4 KB', { metadata: { text: 'é'.repeat(2048) } }, 'PURSER_BAD_METADATA', '4107 bytes'],
    ['metadata that is no JSON', { metadata: { big: 1n } }, 'PURSER_BAD_METADATA', 'JSON'],
    ['metadata that contains itself', { metadata: circular }, 'PURSER_BAD_METADATA', 'JSON'],
    ['metadata that is no object once written', { metadata: { toJSON: () => 3 } }, 'PURSER_BAD_METADATA', 'object'],
    ['metadata with a key in it', { metadata: { deep: [{ auth: `sk-ant-${'x9'.repeat(20)}` }] } }, 'PURSER_SECRET_IN_LABEL', 'metadata'],
    [
      'a cost of eleven million dollars',
      { model: 'x', statedNanos: nanos(11_000_000_000_000_000n) },
      'PURSER_AMOUNT_OUT_OF_RANGE',
      '$11,000,000.00',
    ],
  ] satisfies [string, Partial<ChargeInput>, ErrorCode, string][])('%s', (_, input, code, said) => {
    expect(() => draft(input)).toThrowError(withCode(code, said))
  })

  test('and one at the edge of the rules is not', () => {
    expect(draft({ at: Date.UTC(2000, 0, 1) }).at).toBe(946_684_800_000)
    expect(draft({ at: testNow + 365 * 86_400_000 }).at).toBeGreaterThan(testNow)
    expect(draft({ metadata: { text: 'x'.repeat(4085) } }).metadata).toEqual({ text: 'x'.repeat(4085) })
  })
})

test('the model asked for is kept only where another one served', () => {
  expect(draft({ modelAsked: 'big' }).modelAsked).toBeNull()
  expect(draft({ modelAsked: 'bigger' }).modelAsked).toBe('bigger')
})

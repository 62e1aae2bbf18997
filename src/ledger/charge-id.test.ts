import { describe, expect, test } from 'vitest'
import { call } from '../../test/ledger/temporary-ledger.ts'
import { chargeIdOf, correctionId, idDigest, newChargeId } from './charge-id.ts'

describe('the id of a call', () => {
  test('is the one given, else made from the response id, else new', () => {
    expect(chargeIdOf(call({ id: 'mine', responseId: 'msg_1' }), 0)).toBe('mine')
    expect(chargeIdOf(call({ responseId: 'msg_1' }), 0)).toBe('acme:msg_1')
    expect(chargeIdOf(call(), 1)).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/)
  })

  test.each(['', 'x'.repeat(257), 'a\nb', 'a\u0000b', 'call~1', 'call~27'])('is never %j', (id) => {
    expect(() => chargeIdOf(call({ id }), 0)).toThrowError(expect.objectContaining({ code: 'PURSER_BAD_RECORD' }) as Error)
  })

  test('sorts by time where it is new, and never repeats', () => {
    const times = [0, 1, 31, 32, 1_000_000, 1_771_581_600_000, 1_771_581_600_001, 2 ** 47]
    const ids = times.map((time) => newChargeId(time))
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(Array.from({ length: 5000 }, () => newChargeId(7))).size).toBe(5000)
  })

  test('of a correction is the same however often it is made', () => {
    expect(correctionId('acme:msg_1' as never, 2)).toBe('acme:msg_1~2')
  })

  test('is known by the first half of its SHA-256, and apart for each tenant', () => {
    // printf '\nabc' | sha256sum
    expect(Buffer.from(idDigest('', 'abc')).toString('hex')).toBe('f39d39bfc99287b848780d4110eb663f')
    expect(idDigest('one', 'abc')).not.toEqual(idDigest('two', 'abc'))
  })
})

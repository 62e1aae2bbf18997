import * as fc from 'fast-check'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PurserError } from '../../src/errors.ts'
import type { Charge } from '../../src/ledger/charge.ts'
import type { CostQuery } from '../../src/ledger/cost-query.ts'
import type { Purser } from '../../src/purser.ts'
import { acmeCard, acmeCards } from './acme-cards.ts'
import { call, openTemporaryLedger, temporaryFolder } from './temporary-ledger.ts'

type Deed =
  | { readonly kind: 'record'; readonly ids: readonly number[]; readonly tokens: number }
  | { readonly kind: 'import'; readonly ids: readonly number[]; readonly tokens: number; readonly rank: 0 | 1; readonly labels: number }
  | { readonly kind: 'undo'; readonly which: number }
  | { readonly kind: 'reprice' }

const ids = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 })
const tokens = fc.integer({ min: 1, max: 5 })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constant('record'), ids, tokens }),
  fc.record({ kind: fc.constant('import'), ids, tokens, rank: fc.constantFrom(0, 1), labels: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ kind: fc.constant('undo'), which: fc.nat(3) }),
  fc.record({ kind: fc.constant('reprice') }),
)

/** The second has other prices, and one for a model that the first has none for. */
const otherCards = [acmeCard('big', { inputTokens: '0.000000003' }), acmeCard('mystery', { inputTokens: '0.000000001' })]
const at = (n: number): number => Date.UTC(2026, 1, 20, 23, 30) + n * 20 * 60_000
const model = (n: number): string => (n % 3 === 0 ? 'mystery' : 'big')

async function act(purser: Purser, done: Deed, step: number): Promise<void> {
  switch (done.kind) {
    case 'record':
      await purser.recordAll(
        done.ids.map((n) => ({
          id: `c${n}`,
          at: at(n),
          provider: 'acme',
          model: model(n),
          usage: { inputTokens: done.tokens },
          labels: { project: `p${n % 2}`, run: `r${n}` },
        })),
      )
      return
    case 'import': {
      const labels = [{}, { project: 'p1', run: 'r1' }, { session: 's', run: `r${step}` }][done.labels] ?? {}
      const calls = done.ids.map((n) => ({
        charge: call({ id: `c${n}`, at: at(n), model: model(n), usage: { inputTokens: done.tokens + n }, labels }),
        onExisting: 'supersede' as const,
        rank: done.rank,
      }))
      await purser.import('test', (sink) => sink.put(calls, new Map([[`source ${step}`, { step }]])))
      return
    }
    case 'undo': {
      const batch = (await purser.imports())[done.which]?.batch
      if (batch !== undefined) await purser.undoImport(batch)
      return
    }
    case 'reprice':
      await purser.reprice({ apply: true })
  }
}

const all: CostQuery = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'Europe/Paris', weekStart: 1, where: [] }

function expectSameSums(charges: readonly Charge[], total: Awaited<ReturnType<Purser['costs']>>['total']): void {
  const calls = charges.filter((charge) => charge.corrects === null)
  expect(total.calls).toBe(calls.length)
  expect(total.costNanos + total.planNanos).toBe(charges.reduce((sum, charge) => sum + (charge.costNanos ?? 0n), 0n))
  expect(total.inputTokens).toBe(charges.reduce((sum, charge) => sum + (charge.usage.inputTokens ?? 0), 0))
  expect(total.runs).toBe(new Set(calls.flatMap((charge) => charge.labels['run'] ?? [])).size)
  // The status in force is that of the last correction.
  const last = new Map(charges.map((charge) => [charge.corrects ?? charge.id, charge.status]))
  expect(total.unpricedCalls).toBe([...last.values()].filter((status) => status === 'unpriced').length)
}

async function expectSound(pursers: readonly Purser[]): Promise<void> {
  for (const purser of pursers) {
    const charges = await Array.fromAsync(purser.charges())
    for (const charge of charges) expect(await purser.charge(charge.id)).toEqual(charge)
    expectSameSums(charges, (await purser.costs(all)).total)
    for (const groupBy of [['day'], ['run'], ['hour', 'model'], ['project', 'session']]) {
      const { rows, total } = await purser.costs({ ...all, groupBy })
      expect(rows.reduce((sum, row) => sum + row.costNanos, 0n)).toBe(total.costNanos)
      expectSameSums(charges, total)
    }
    expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
  }
}

const expected = new Set(['PURSER_ID_CONFLICT', 'PURSER_NOT_FOUND'])

async function attempt(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof PurserError && expected.has(error.code))) throw error
  }
}

test.each([
  ['one after the other', false],
  ['all at once', true],
])('whatever two processes do to a ledger %s, its sums are those of its charges', async (_, atOnce) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), deed), { minLength: 1, maxLength: 14 }), async (deeds) => {
      const db = join(temporaryFolder(), 'ledger.db')
      const first = await openTemporaryLedger({ db, timezone: 'Europe/Paris', ownerCards: acmeCards })
      const second = await openTemporaryLedger({ db, ownerCards: otherCards })
      const works = []
      for (const [step, [who, done]] of deeds.entries()) {
        const work = attempt(act(who === 0 ? first : second, done, step))
        if (atOnce) works.push(work)
        else await work
      }
      await Promise.all(works)
      await expectSound([first, second])
      await Promise.all([first.close(), second.close()])
    }),
    { numRuns: 25, seed: 11 },
  )
})

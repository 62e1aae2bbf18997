import { describe, expect, test } from 'vitest'
import type { Nanos } from '../../money/nanos.ts'
import type { CostEstimate } from '../cost-estimate.ts'
import { estimateHistory, type PastCost } from './estimate-history.ts'
import { corrected, type EstimatedPast, learnedCorrection } from './learned-correction.ts'

const at = Date.parse('2026-11-20T12:00:00Z')
const past = (run: string, stage: string | null, cost: number, more: Partial<PastCost> = {}): PastCost => ({
  run,
  stage,
  costNanos: BigInt(cost) as Nanos,
  calls: 1,
  isLowerBound: false,
  ...more,
})

describe('what such runs cost before', () => {
  test('is what half of them, and nine of ten, came to at most, whole and by stage', () => {
    // Ten runs of 100, 200, … 1,000 nanos; in four of them there is a stage "review" of 1, 2, 3 and 40 more.
    const runs = Array.from({ length: 10 }, (_, run) => past(`r${run}`, 'extract', 100 * (run + 1), { calls: run + 1 }))
    const reviews = [1, 2, 3, 40].map((cost, run) => past(`r${run}`, 'review', cost))
    const history = estimateHistory([...runs, ...reviews], { at, bufferPercent: 10 })
    // Rank ⌈0.5 × 10⌉ = 5: 500; rank ⌈0.9 × 10⌉ = 9: 900. Sums are 101, 202, 303, 440, 500, …
    expect(history).toMatchObject({ enough: true, run: { p50: 500n, p90: 900n, samples: 10 }, leftOut: 0 })
    if (!history.enough) return
    expect(history.stages).toEqual([
      { stage: 'extract', p50: 500n, p90: 900n, samples: 10 },
      // Rank ⌈0.5 × 4⌉ = 2, rank ⌈0.9 × 4⌉ = 4
      { stage: 'review', p50: 2n, p90: 40n, samples: 4 },
    ])
    expect(history.estimate).toMatchObject({
      source: 'history',
      costNanos: 550n,
      bufferPercent: 10,
      quantiles: { p50: 500n, p90: 900n, samples: 10 },
    })
    expect(history.estimate.parts).toMatchObject([
      { stage: 'extract', calls: 5, costNanos: 500n },
      { stage: 'review', calls: 1, costNanos: 2n },
    ])
  })

  test('is not told of fewer than three', () => {
    const two = [past('a', null, 5), past('b', null, 6)]
    expect(estimateHistory(two, { at, bufferPercent: 0 })).toEqual({
      enough: false,
      samples: 2,
      leftOut: 0,
      message: 'Only 2 such runs have ended; an estimate by the past takes 3.',
    })
    expect(estimateHistory([...two, past('c', null, 7)], { at, bufferPercent: 0 })).toMatchObject({
      enough: true,
      run: { p50: 6n, p90: 7n },
    })
    expect(estimateHistory([], { at, bufferPercent: 0 })).toMatchObject({
      message: 'No such run has ended; an estimate by the past takes 3.',
    })
  })

  test('leaves out runs of which nobody knows what they cost, and a stage that too few of them had', () => {
    const known = ['a', 'b', 'c'].map((run, index) => past(run, 'extract', 10 * (index + 1)))
    const unknown = [past('d', 'extract', 1000), past('d', 'review', 0, { isLowerBound: true })]
    const history = estimateHistory([...known, ...unknown, past('a', 'review', 5)], { at, bufferPercent: 0 })
    // Runs of 15, 20 and 30
    expect(history).toMatchObject({ enough: true, leftOut: 1, run: { p50: 20n, p90: 30n, samples: 3 } })
    expect(history.enough && history.stages.map(({ stage }) => stage)).toEqual(['extract'])
    expect(estimateHistory(unknown, { at, bufferPercent: 0 })).toMatchObject({
      enough: false,
      leftOut: 1,
      message: expect.stringContaining('1 other cannot be counted') as string,
    })
  })

  test('of ten thousand runs takes no second', () => {
    const runs = Array.from({ length: 50_000 }, (_, each) => past(`r${each % 10_000}`, `s${each % 5}`, each))
    const started = performance.now()
    expect(estimateHistory(runs, { at, bufferPercent: 0 })).toMatchObject({ enough: true, run: { samples: 10_000 } })
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('what is learned from earlier estimates', () => {
  const came = (
    estimated: bigint,
    actual: bigint,
    more: Partial<EstimatedPast['estimate']> & { isLowerBound?: boolean } = {},
  ): EstimatedPast => {
    const { isLowerBound = false, ...estimate } = more
    return {
      estimate: { costNanos: estimated as Nanos, bufferPercent: 0, unpriced: [], ...estimate },
      actualNanos: actual as Nanos,
      isLowerBound,
    }
  }

  test('is the median of actual to estimate, and what nine of ten stayed below', () => {
    // 0.8, 0.9, 1.0, 1.25 and 2.0: rank ⌈2.5⌉ = 3 and ⌈4.5⌉ = 5
    expect(learnedCorrection([came(100n, 125n), came(10n, 9n), came(50n, 100n), came(5n, 4n), came(7n, 7n)])).toEqual({
      p50: 1,
      p90: 2,
      samples: 5,
    })
    // A third, to six decimals.
    expect(learnedCorrection([came(3n, 1n), came(3n, 1n), came(3n, 1n)])).toEqual({ p50: 0.333333, p90: 0.333333, samples: 3 })
  })

  test('is the ratio to the estimate itself, without its buffer and an earlier correction', () => {
    // 110 is 100 with 10%; 55 is 100 × 0.5 with 10%. Both runs came to 80 of the 100.
    const buffered = came(110n, 80n, { bufferPercent: 10 })
    const twice = came(55n, 80n, { bufferPercent: 10, factor: 0.5 })
    expect(learnedCorrection([buffered, twice, came(100n, 80n)])).toEqual({ p50: 0.8, p90: 0.8, samples: 3 })
  })

  test('counts no estimate of nothing, none that left calls out, and no run whose cost nobody knows', () => {
    const left = { stage: null, role: null, provider: null, model: 'x', calls: 1, message: '' }
    const others = [came(0n, 5n), came(10n, 5n, { unpriced: [left] }), came(10n, 5n, { isLowerBound: true })]
    expect(learnedCorrection([...others, came(10n, 10n), came(10n, 10n)])).toEqual({ samples: 2 })
  })

  test('corrects what was estimated, and the buffer comes on top of that', () => {
    const estimate: CostEstimate = {
      source: 'plan',
      costNanos: 1_100_000_000n as Nanos,
      bufferPercent: 10,
      calls: 1,
      tokens: 1,
      parts: [],
      unpriced: [],
      quantiles: null,
      profile: null,
      catalog: null,
      madeAt: at,
    }
    // $1.00 × 0.93 × 1.1
    expect(corrected(estimate, 0.93)).toMatchObject({ costNanos: 1_023_000_000n, bufferPercent: 10, factor: 0.93 })
    // Corrected again it is the same correction, not one on top of another.
    expect(corrected(corrected(estimate, 0.5), 0.93)).toMatchObject({ costNanos: 1_023_000_000n, factor: 0.93 })
  })
})

import type { Budget } from '../../src/budgets/budget.ts'
import type { Random } from './random.ts'
import { windowOf } from './windows.ts'

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]

/**
 * Days on which calendars are odd: the clocks of Paris and of Lord Howe (which moves by half an hour) are set forward and
 * back, months are short, a year is a leap year. Each run begins a little before one of them.
 */
const oddDays = [
  '2026-03-29T01:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-10-03T15:30:00Z',
  '2026-01-31T00:00:00Z',
  '2028-02-29T00:00:00Z',
  '2026-12-31T23:00:00Z',
] as const

/** The store's clock: it stands still within a step. */
export class Clock {
  now: number
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
    this.now = Date.parse(random.pick(oddDays)) - random.between(0, 3 * hour)
  }

  /** Moves on: mostly a little, sometimes to the edge of a window or the end of a hold, sometimes by days. */
  tick(budgets: readonly Budget[], expiries: readonly number[]): void {
    const random = this.#random
    switch (random.weighted({ still: 20, seconds: 50, minutes: 14, hours: 3, days: 0.6, weeks: 0.1, expiry: 8, edge: 4 })) {
      case 'still':
        return
      case 'seconds':
        return this.#advance(random.between(1, 20 * second))
      case 'minutes':
        return this.#advance(random.between(minute, 40 * minute))
      case 'hours':
        return this.#advance(random.between(hour, 9 * hour))
      case 'days':
        return this.#advance(random.between(day, 4 * day))
      case 'weeks':
        return this.#advance(random.between(7 * day, 40 * day))
      case 'expiry':
        return expiries.length === 0 ? undefined : this.#until(random.pick(expiries) + random.between(-1, 1))
      case 'edge': {
        // A year's end is far, and all that was open would be over.
        const ends = budgets
          .flatMap(({ window, zone }) => windowOf(window, zone, this.now).end ?? [])
          .filter((end) => end < this.now + 5 * day)
        return ends.length === 0 ? undefined : this.#until(random.pick(ends) + random.between(-1, 1))
      }
    }
  }

  #advance(byMs: number): void {
    this.now += byMs
  }

  /** Time does not go back. */
  #until(at: number): void {
    this.now = Math.max(this.now, at)
  }
}

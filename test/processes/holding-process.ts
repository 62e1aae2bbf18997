import { stdin, stdout } from 'node:process'
import type { HoldId } from '../../src/budgets/hold.ts'
import { PurserError } from '../../src/errors.ts'
import { defaultSubjects } from '../../src/ledger/labels.ts'
import { openPostgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { asked, chargeOf } from '../stores/gate-ledger.ts'
import { type Place, tenCents } from './place.ts'

/** Holds and settles until it is killed. Each line that it writes is what it was told for certain. */
const [place, name = ''] = JSON.parse(process.argv[2] ?? '[]') as [Place, string]
const lanes = 8
const ttlMs = 400

async function open(): Promise<Store> {
  const settings = { create: false, timezone: 'UTC', subjects: defaultSubjects }
  return place.kind === 'sqlite' ? openSqliteStore({ path: place.path, ...settings }) : openPostgresStore({ ...place, ...settings })
}

/** Asks until there is an answer; the same id makes it one and the same thing however often. */
async function certainly<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof PurserError)) throw error
      // A hold that was settled by a try whose answer was lost has ended.
      if (error.code === 'PURSER_HOLD_ENDED' || error.code === 'PURSER_NOT_FOUND') return undefined
      if (!['PURSER_OUTCOME_UNKNOWN', 'PURSER_LEDGER_UNAVAILABLE', 'PURSER_LEDGER_LOCKED'].includes(error.code)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 50))
    }
  }
}

async function lane(store: Store, number: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const id = `${name}-${number}-${n}` as HoldId
    const labels = { project: `p${(number + n) % 3}`, run: `${name}-${number}-${n % 20}` }
    const answer = await certainly(() => store.gate('reserve', { id, asked: asked({ labels, worst: { cost: tenCents }, ttlMs }) }))
    if (answer?.granted !== true) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      continue
    }
    stdout.write(`granted ${id}\n`)
    const way = n % 5
    // One in five is left to run out, and then presumed.
    if (way === 4) continue
    if (way === 3) {
      const released = await certainly(() => store.gate('release', { id }))
      if (released?.state === 'released') stdout.write(`released ${id}\n`)
      continue
    }
    const cost = (tenCents * BigInt(1 + (n % 10))) / 10n
    const draft = chargeOf(cost, { at: Date.now(), id: `charge-${id}` })
    const settled = await certainly(() => store.gate('settle', { id, settlement: { draft, ignore: ['at'], settling: 'final' } }))
    if (settled !== undefined) stdout.write(`settled ${id} ${cost}\n`)
  }
}

const store = await open()
stdout.write('ready\n')
stdin.once('data', () => {
  for (let number = 0; number < lanes; number += 1) void lane(store, number)
})

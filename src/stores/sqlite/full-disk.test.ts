import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTemporaryStore, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import { mountDisk } from '../../../test/mount-disk.ts'
import { expectHoldsOnFullDisk } from '../../../test/stores/full-disk.ts'
import { GateLedger, usd } from '../../../test/stores/gate-ledger.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import type { Store } from '../store.ts'
import { openDatabase } from './open-database.ts'
import { openSqliteStore } from './sqlite-store.ts'

/** A ledger whose file may not grow beyond so many pages more than it has; SQLite then says what it says of a full disk. */
function openLimited(): { store: Store; limit: (pages: number) => void } {
  const options = { path: join(temporaryFolder(), 'ledger.db'), create: true, timezone: 'UTC', subjects: defaultSubjects }
  const database = openDatabase(options)
  const store = openSqliteStore(options, database)
  onTestFinished(() => store.close())
  const pages = (): number => Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  return { store, limit: (more) => database.exec(`PRAGMA max_page_count = ${pages() + more}`) }
}

describe('a full disk', () => {
  test('refuses a hold whole, and grants it once under the same id when the file may grow again', async () => {
    const { store, limit } = openLimited()
    await expectHoldsOnFullDisk(store, { fill: async () => limit(8), makeRoom: () => limit(1000) })
  })

  test('does so where the disk itself has no space left', async ({ skip }) => {
    const folder = join(temporaryFolder(), 'disk')
    mkdirSync(folder)
    skip(!mountDisk(folder, 'size=1m'), 'this user may not mount a small disk')
    await expectHoldsOnFullDisk(openTemporaryStore('UTC', join(folder, 'ledger.db')), {
      makeRoom: () => execFileSync('mount', ['-o', 'remount,size=16m', folder]),
    })
  })

  test('refuses all holds of a transaction that does not fit, and none of them is half there', async () => {
    const { store, limit } = openLimited()
    const gate = new GateLedger(store, Date.now)
    await gate.define({ limit: usd(5) })
    limit(0)
    const ids = Array.from({ length: 50 }, (_, n) => `hold-${n}`)
    const ask = () => Promise.allSettled(ids.map((id) => gate.reserve(usd(0.1), { id, labels: { run: id.repeat(20) } })))
    expect((await ask()).map(({ status }) => status)).toEqual(ids.map(() => 'rejected'))
    expect(await store.gate('holds', {})).toEqual([])
    expect((await gate.status()).filter(({ held }) => held !== 0n)).toEqual([])
    limit(1000)
    expect((await ask()).map(({ status }) => status)).toEqual(ids.map(() => 'fulfilled'))
    expect(await gate.counter()).toMatchObject({ held: usd(5) })
    expect(await gate.reserve(1n)).toMatchObject({ granted: false })
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })
})

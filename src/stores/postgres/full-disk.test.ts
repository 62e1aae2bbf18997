import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { book, booking, temporaryFolder } from '../../../test/ledger/temporary-ledger.ts'
import { mountDisk } from '../../../test/mount-disk.ts'
import { expectHoldsOnFullDisk } from '../../../test/stores/full-disk.ts'
import { connect, createDatabase } from '../../../test/stores/postgres-database.ts'
import { PostgresServer } from '../../../test/stores/postgres-server.ts'
import { defaultSubjects } from '../../ledger/labels.ts'
import type { Store } from '../store.ts'
import { openPostgresStore } from './postgres-store.ts'

/** A ledger whose tables lie on a disk of 12 MB, of which an empty database takes most; undefined where none may be mounted. */
async function openOnSmallDisk(): Promise<{ store: Store; makeRoom: () => void } | undefined> {
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  if (!mountDisk(disk, 'size=12m,mode=0777')) return undefined
  const server = await PostgresServer.create()
  onTestFinished(() => server.remove())
  const admin = await connect(server.url())
  await admin.query(`CREATE TABLESPACE small LOCATION '${server.ownFolder(disk)}'`)
  const url = await createDatabase(server.url(), 'TABLESPACE small')
  const store = await openPostgresStore({ url, create: true, timezone: 'UTC', subjects: defaultSubjects })
  onTestFinished(() => store.close())
  return { store, makeRoom: () => execFileSync('mount', ['-o', 'remount,size=64m', disk]) }
}

/** A hundred bookings at a time, until they are refused; gives how many times they were not. */
async function fill(store: Store): Promise<number> {
  for (let round = 0; ; round += 1) {
    try {
      await book(store, ...bookings(round))
    } catch (error) {
      expect(error).toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE', message: expect.stringContaining('is full') as string })
      return round
    }
  }
}

function bookings(round: number) {
  return Array.from({ length: 100 }, (_, n) => booking({ id: `${round}-${n}`, labels: { project: `p${round}`, run: `r${round}-${n}` } }))
}

const unmounted = 'this user may not mount a small disk'

describe('a full disk', () => {
  test('refuses a booking whole, keeps what is booked, and works again once there is space', async ({ skip }) => {
    const { store, makeRoom } = (await openOnSmallDisk()) ?? skip(unmounted)
    const rounds = await fill(store)
    expect((await Array.fromAsync(store.charges({}))).length).toBe(rounds * 100)
    makeRoom()
    const booked = await book(store, ...bookings(rounds))
    expect(new Set(booked.map(({ outcome }) => outcome))).toEqual(new Set(['booked']))
    expect((await store.verify({ repair: false })).discrepancies).toEqual([])
  })

  test('refuses a hold whole, and grants it once under the same id when there is space', async ({ skip }) => {
    const { store, makeRoom } = (await openOnSmallDisk()) ?? skip(unmounted)
    await expectHoldsOnFullDisk(store, { fill: async () => void (await fill(store)), makeRoom })
  })
})

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PurserError } from '../../src/errors.ts'
import { mountDisk } from '../mount-disk.ts'
import { openTemporaryLedger, temporaryFolder } from './temporary-ledger.ts'

const everything = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }

test('a full disk refuses a booking whole, keeps what is booked, and works again once there is space', async ({ skip }) => {
  const folder = join(temporaryFolder(), 'disk')
  mkdirSync(folder)
  skip(!mountDisk(folder, 'size=1m'), 'this user may not mount a small disk')
  const purser = await openTemporaryLedger({ db: join(folder, 'ledger.db') })
  const records = (round: number) =>
    Array.from({ length: 100 }, (_, n) => ({
      id: `${round}-${n}`,
      provider: 'acme',
      model: 'big',
      usage: { inputTokens: 1 },
      labels: { project: `p${round}`, run: `r${round}-${n}` },
    }))
  const fill = async (): Promise<number> => {
    for (let round = 0; ; round += 1) {
      try {
        await purser.recordMany(records(round))
      } catch (error) {
        failure = error as PurserError
        return round
      }
    }
  }
  let failure: PurserError | undefined
  const rounds = await fill()
  expect(failure).toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE', message: expect.stringContaining('is full') as string })
  expect((await purser.costs(everything)).total.calls).toBe(rounds * 100)
  await expect(purser.recordMany(records(rounds))).rejects.toMatchObject({ code: 'PURSER_LEDGER_UNAVAILABLE' })

  execFileSync('mount', ['-o', 'remount,size=16m', folder])
  expect(await purser.recordMany(records(rounds))).toEqual({ booked: 100, duplicates: 0 })
  expect((await purser.costs(everything)).total).toMatchObject({ calls: rounds * 100 + 100, costNanos: BigInt(rounds * 200 + 200) })
  expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
})

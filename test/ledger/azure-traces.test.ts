import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { importCsv } from '../../src/importers/csv.ts'
import { openTemporaryLedger } from './temporary-ledger.ts'

const folder = new URL('../../../shared/data/', import.meta.url)

interface TracedCall {
  readonly at: string
  readonly inputTokens: number
  readonly outputTokens: number
}

function readTrace(file: string): TracedCall[] {
  const [, ...lines] = readFileSync(new URL(file, folder), 'utf8').trim().split(/\r?\n/)
  return lines.map((line) => {
    const [at = '', input, output] = line.split(',')
    return { at, inputTokens: Number(input), outputTokens: Number(output) }
  })
}

const everything = { groupBy: ['hour'], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }

const absent = !existsSync(new URL('azure-llm-2023-code.csv', folder))

describe.skipIf(absent)(
  `real calls of two production services, as if gpt-4o had served them${absent ? ' (the data folder is absent)' : ''}`,
  () => {
    test.each([
      ['azure-llm-2023-code.csv', 8819],
      ['azure-llm-2023-conv.csv', 19_366],
    ])('%s is booked to the nano', async (file, calls) => {
      const trace = readTrace(file)
      expect(trace).toHaveLength(calls)
      const purser = await openTemporaryLedger({ ownerCards: [] })
      const map = 'at=TIMESTAMP,inputTokens=ContextTokens,outputTokens=GeneratedTokens'
      const csv = {
        files: [fileURLToPath(new URL(file, folder))],
        map,
        zone: 'UTC',
        provider: 'openai',
        model: 'gpt-4o',
        labels: { project: 'azure' },
      }
      const summary = await purser.import('csv', (sink) => importCsv(csv, sink))
      expect(summary).toMatchObject({ read: calls, booked: calls, superseded: 0, duplicates: 0, skipped: {} })

      // $2.50 and $10 for a million tokens are 2500 and 10000 nanos for one.
      let [input, output] = [0n, 0n]
      for (const call of trace) {
        input += BigInt(call.inputTokens)
        output += BigInt(call.outputTokens)
      }
      const { rows, total } = await purser.costs(everything)
      expect(total).toMatchObject({ calls, inputTokens: Number(input), outputTokens: Number(output), unpricedCalls: 0, partialCalls: 0 })
      expect(total.costNanos).toBe(input * 2500n + output * 10_000n)

      const byHour = new Map<string, bigint>()
      for (const { at, inputTokens, outputTokens } of trace) {
        const hour = `${at.slice(0, 10)}T${at.slice(11, 13)}:00Z`
        byHour.set(hour, (byHour.get(hour) ?? 0n) + BigInt(inputTokens) * 2500n + BigInt(outputTokens) * 10_000n)
      }
      expect(rows.map((row) => [row.key[0], row.costNanos])).toEqual([...byHour])
      expect((await purser.verify({ repair: false })).discrepancies).toEqual([])

      expect(await purser.import('csv', (sink) => importCsv(csv, sink))).toMatchObject({ booked: 0 })
      expect((await purser.costs(everything)).total).toEqual(total)
      expect(await purser.undoImport(summary.batch)).toEqual({ batch: summary.batch, removed: calls })
      expect((await purser.costs(everything)).rows).toEqual([])
      expect((await purser.verify({ repair: false })).discrepancies).toEqual([])
    })
  },
)

import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { importClaudeCode } from '../../src/importers/claude-code.ts'
import { Purser } from '../../src/purser.ts'
import { createFolder } from './folder.ts'

const everything = { groupBy: [], sinceMs: undefined, untilMs: undefined, timezone: 'UTC', weekStart: 1, where: [] }
const transcript = 'projects/-home-dev-atlas/session-1.jsonl'

interface TranscriptRecord {
  readonly id: number
  readonly output: number
  readonly searches: number
  readonly isSidechain: boolean
}

function assistant({ id, output, searches, isSidechain }: TranscriptRecord): object {
  const usage = {
    input_tokens: 10,
    output_tokens: output,
    ...(searches > 0 && { server_tool_use: { web_search_requests: searches, web_fetch_requests: 0 } }),
  }
  return {
    isSidechain,
    cwd: '/home/dev/atlas',
    sessionId: 'session-1',
    type: 'assistant',
    message: { model: 'claude-sonnet-4-5-20250929', id: `msg_${id}`, type: 'message', role: 'assistant', content: [], usage },
    timestamp: '2026-02-20T10:00:00.000Z',
  }
}

/** What a new ledger holds after one import for each group of lines. */
async function imported(groups: readonly (readonly TranscriptRecord[])[]): Promise<object> {
  const folder = createFolder()
  const purser = await Purser.open({ db: join(folder.path, 'ledger.db') })
  try {
    for (const group of groups) {
      folder.append(transcript, group.map(assistant))
      await purser.import('claude-code', (sink) => importClaudeCode({ env: { CLAUDE_CONFIG_DIR: folder.path } }, sink))
    }
    const { total } = await purser.costs(everything)
    const { calls, inputTokens, outputTokens, planNanos } = total
    return { calls, inputTokens, outputTokens, planNanos: String(planNanos) }
  } finally {
    await purser.close()
  }
}

const line = (output: number, searches: number): TranscriptRecord => ({ id: 1, output, searches, isSidechain: false })

it.each([[[[line(95, 0), line(95, 3)]]], [[[line(95, 0)], [line(95, 3)]]]])(
  'searches that a later line of a message adds count, in one import or two: %j',
  async (groups) => {
    // 10 × $3 + 95 × $15 a million, and 3 searches at $10 a thousand: $0.031455.
    expect(await imported(groups)).toMatchObject({ calls: 1, outputTokens: 95, planNanos: '31455000' })
  },
)

it('several imports come to what one import comes to, whatever the order of the lines', async () => {
  const record = fc.record({
    id: fc.integer({ min: 1, max: 3 }),
    output: fc.constantFrom(1, 2, 5, 95),
    searches: fc.constantFrom(0, 0, 1, 3),
    isSidechain: fc.boolean(),
  })
  const groups = fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(groups, async (given) => {
      expect(await imported(given)).toEqual(await imported([given.flat()]))
    }),
    { numRuns: 20 },
  )
})

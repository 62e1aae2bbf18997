import { expect, it } from 'vitest'
import { createPacker, createUnpacker } from './call-packing.ts'
import { CallBatch } from './call-batch.ts'
import { type LineReading, readTranscriptLine } from './transcript-call.ts'

function batchOf(...usages: readonly object[]): CallBatch {
  const batch = new CallBatch()
  for (const [index, usage] of usages.entries()) {
    const message = { id: index === 0 ? 'msg_1' : null, model: 'claude-sonnet-4-5', stop_reason: 'end_turn', usage }
    const line = { sessionId: 's', cwd: '/home/größe', gitBranch: 'main', costUSD: 0.5, message, timestamp: '2026-02-20T10:00:00.000Z' }
    const reading = readTranscriptLine(JSON.stringify(line)) as Extract<LineReading, { kind: 'call' }>
    batch.add(reading.call)
  }
  batch.skipped.push({ reason: 'not JSON', where: 'a:1' })
  batch.bytes = 7
  return batch
}

it('calls come out of a thread as they went in, with texts that an earlier batch brought', () => {
  const pack = createPacker()
  const unpack = createUnpacker()
  const everything = {
    input_tokens: 1,
    output_tokens: 9,
    cache_read_input_tokens: 3,
    cache_creation_input_tokens: 9,
    cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 5 },
    output_tokens_details: { thinking_tokens: 6 },
    server_tool_use: { web_search_requests: 7 },
    service_tier: 'priority',
    speed: 'fast',
    inference_geo: 'us',
    unheard_of: 8,
  }
  for (const batch of [
    batchOf(everything, { input_tokens: 2, output_tokens: 3 }),
    batchOf({ input_tokens: 4, output_tokens: 5 }),
    batchOf(),
  ]) {
    const { calls, records, duplicates, skipped, bytes } = batch
    expect(unpack(structuredClone(pack(batch)))).toMatchObject({ calls, records, duplicates, skipped, bytes })
  }
})

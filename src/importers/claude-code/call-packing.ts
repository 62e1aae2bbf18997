import type { TranscriptCall } from './transcript-call.ts'
import type { TranscriptBatch } from './call-batch.ts'

/** A batch as it crosses from the reader thread: numbers in one array, texts once each. */
export interface PackedBatch extends Omit<TranscriptBatch, 'calls'> {
  readonly numbers: Float64Array
  /** Texts that this batch uses first, in the order of their numbers. */
  readonly newTexts: readonly string[]
  /** The ids of the calls, separated by line breaks. */
  readonly ids: string
}

const textFields = ['model', 'session', 'cwd', 'project', 'branch', 'serviceTier', 'speed', 'region', 'stopReason', 'reportedUsd'] as const
const countFields = [
  ...(['inputTokens', 'cacheReadTokens', 'cacheWrite5mTokens', 'cacheWrite1hTokens'] as const),
  ...(['outputTokens', 'reasoningTokens', 'searches', 'at'] as const),
]
const noWarnings: TranscriptCall['warnings'] = []
const width = textFields.length + countFields.length + 2

/** Packs batches for one reader thread; texts are sent once for all batches. */
export function createPacker(): (batch: TranscriptBatch) => PackedBatch {
  const numberOf = new Map<string, number>()
  const numbered = (text: string, newTexts: string[]): number => {
    let number = numberOf.get(text)
    if (number === undefined) {
      number = numberOf.size
      numberOf.set(text, number)
      newTexts.push(text)
    }
    return number
  }
  return ({ calls, records, duplicates, skipped, positions, bytes }) => {
    const numbers = new Float64Array(calls.length * width)
    const newTexts: string[] = []
    const ids: string[] = []
    let at = 0
    for (const call of calls) {
      ids.push(call.responseId, call.ownId)
      for (const field of textFields) numbers[at++] = numbered(call[field], newTexts)
      numbers[at++] = call.warnings.length === 0 ? -1 : numbered(JSON.stringify(call.warnings), newTexts)
      for (const field of countFields) numbers[at++] = call[field]
      numbers[at++] = call.rank
    }
    return { numbers, newTexts, ids: ids.join('\n'), records, duplicates, skipped, positions, bytes }
  }
}

/** The other end of `createPacker`; takes its batches in order. */
export function createUnpacker(): (packed: PackedBatch) => TranscriptBatch {
  const texts: string[] = []
  return ({ numbers, newTexts, ids, ...rest }) => {
    texts.push(...newTexts)
    const idTexts = ids.split('\n')
    const calls: TranscriptCall[] = []
    for (let at = 0; at < numbers.length; at += width) calls.push(unpack(numbers, at, texts, idTexts, calls.length))
    return { calls, ...rest }
  }
}

function unpack(numbers: Float64Array, at: number, texts: readonly string[], ids: readonly string[], index: number): TranscriptCall {
  const text = (field: number): string => texts[numbers[at + field] as number] as string
  const count = (field: number): number => numbers[at + textFields.length + 1 + field] as number
  const warnings = numbers[at + textFields.length] as number
  return {
    responseId: ids[2 * index] as string,
    ownId: ids[2 * index + 1] as string,
    at: count(7),
    model: text(0),
    session: text(1),
    cwd: text(2),
    project: text(3),
    branch: text(4),
    rank: numbers[at + width - 1] as 0 | 1,
    inputTokens: count(0),
    cacheReadTokens: count(1),
    cacheWrite5mTokens: count(2),
    cacheWrite1hTokens: count(3),
    outputTokens: count(4),
    reasoningTokens: count(5),
    searches: count(6),
    serviceTier: text(5),
    speed: text(6),
    region: text(7),
    stopReason: text(8),
    reportedUsd: text(9),
    warnings: warnings < 0 ? noWarnings : (JSON.parse(texts[warnings] as string) as TranscriptCall['warnings']),
  }
}

import { hash } from 'node:crypto'
import { parseInstant } from '../../time/calendar.ts'
import { asFields, asText, type Fields } from '../../usage/readers/fields.ts'
import { addOutput, addPrompt } from '../../usage/readers/token-buckets.ts'
import { UsageDraft } from '../../usage/readers/usage-draft.ts'
import type { UsageReading } from '../../usage/reader.ts'

/** Tokens as Codex counts them: input with what was read from and written to the cache, output with reasoning. */
export interface TokenCounts {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly output: number
  readonly reasoning: number
}

/** One `token_count` event. */
export interface TokenEvent {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The session's running total, where it is given. */
  readonly total: TokenCounts | undefined
  /** What the last call used, where it is given. */
  readonly last: TokenCounts | undefined
  /** The model, where the event itself names it. */
  readonly model: string | undefined
}

/** A token event; undefined where the line is none or counts nothing yet, a reason where it cannot be read. */
export function toTokenEvent(line: Fields): TokenEvent | string | undefined {
  const payload = asFields(line['payload'])
  if (line['type'] !== 'event_msg' || payload?.['type'] !== 'token_count') return undefined
  const info = asFields(payload['info'])
  if (info === undefined) return undefined
  const total = toCounts(info['total_token_usage'])
  const last = toCounts(info['last_token_usage'])
  if (total === 'bad' || last === 'bad') return 'bad token count'
  if (total === undefined && last === undefined) return undefined
  try {
    return {
      at: parseInstant(asText(line['timestamp']) ?? '', 'UTC'),
      total,
      last,
      model: asText(info['model']) ?? asText(payload['model']),
    }
  } catch {
    return 'bad time'
  }
}

function toCounts(value: unknown): TokenCounts | 'bad' | undefined {
  const fields = asFields(value)
  if (fields === undefined) return undefined
  const count = (name: string): number => {
    const given = fields[name] ?? 0
    return Number.isSafeInteger(given) && (given as number) >= 0 ? (given as number) : Number.NaN
  }
  const counts = {
    input: count('input_tokens'),
    cached: count('cached_input_tokens'),
    written: count('cache_write_input_tokens'),
    output: count('output_tokens'),
    reasoning: count('reasoning_output_tokens'),
  }
  return Object.values(counts).some(Number.isNaN) ? 'bad' : counts
}

/** What a call used: as the event says, else the growth of the total; all of a total that was set back. */
export function usedSince(event: TokenEvent, before: TokenCounts | undefined): TokenCounts {
  const { total, last } = event
  if (last !== undefined) return last
  if (total === undefined) return noTokens
  if (before === undefined || isSetBack(event, before)) return total
  return {
    input: total.input - before.input,
    cached: total.cached - before.cached,
    written: total.written - before.written,
    output: total.output - before.output,
    reasoning: total.reasoning - before.reasoning,
  }
}

/** Whether the running total is less than it was. */
export function isSetBack({ total }: TokenEvent, before: TokenCounts | undefined): boolean {
  if (total === undefined || before === undefined) return false
  return listed(total).some((count, index) => count < (listed(before)[index] ?? 0))
}

const noTokens: TokenCounts = { input: 0, cached: 0, written: 0, output: 0, reasoning: 0 }

export function isNothing(counts: TokenCounts): boolean {
  return listed(counts).every((count) => count === 0)
}

function listed({ input, cached, written, output, reasoning }: TokenCounts): number[] {
  return [input, cached, written, output, reasoning]
}

/** What a copy of an event repeats, whatever its time: the total and what the call used. */
export function fingerprint(event: TokenEvent): string {
  return [event.total, event.last].map((counts) => (counts === undefined ? '' : countsText(counts))).join('/')
}

export function countsText(counts: TokenCounts): string {
  return listed(counts).join('.')
}

/**
 * The id of the call that an event stands for: of the session that made it, of its place where equal counts may come
 * again, and of its counts. Times are no part of it, because a copy may have others.
 */
export function callId(session: string, place: string | number, print: string): string {
  return `codex:${hash('sha256', `${session}\n${place}\n${print}`, 'hex').slice(0, 32)}`
}

/** Disjoint buckets, by the same functions that read the provider's responses. */
export function toReading(model: string, used: TokenCounts): UsageReading {
  const draft = new UsageDraft()
  addPrompt(draft, {
    label: 'input_tokens',
    total: used.input,
    audio: 0,
    image: 0,
    video: 0,
    cached: used.cached,
    cacheWrite: used.written,
  })
  addOutput(draft, { label: 'output_tokens', total: used.output, audio: 0, image: 0, reasoning: used.reasoning })
  return draft.toReading({ model })
}

import { hash } from 'node:crypto'
import { parseInstant } from '../../time/calendar.ts'

/** One message of a Claude Code transcript with its usage, in disjoint buckets. Text that is absent is empty. */
export interface TranscriptCall {
  /** The provider's id of the message, the same in every line and every copy of it. */
  responseId: string
  /** Identifies a message that has no id of its own. */
  ownId: string
  /** Milliseconds since 1970. */
  at: number
  model: string
  session: string
  cwd: string
  /** The name of the project, from the directory and the place of the transcript. */
  project: string
  branch: string
  /** 0 for what a sidechain replays, 1 for the call itself. */
  rank: 0 | 1
  inputTokens: number
  cacheReadTokens: number
  cacheWrite5mTokens: number
  cacheWrite1hTokens: number
  outputTokens: number
  reasoningTokens: number
  searches: number
  serviceTier: string
  speed: string
  region: string
  stopReason: string
  /** What the writer says the call cost, in dollars. */
  reportedUsd: string
}

export type LineReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'call'; readonly call: TranscriptCall }

export const none: LineReading = { kind: 'none' }

/** Types of lines that carry no usage of a call; what a tool reports of its own agents in them is counted where it happened. */
export const typesWithoutUsage: readonly string[] = ['user', 'system', 'summary', 'file-history-snapshot', 'queue-operation']

type Fields = Readonly<Record<string, unknown>>

/** Reads one line of any shape that such transcripts have had; `scan` of the line scanner gives the same for the usual one. */
export function readTranscriptLine(text: string): LineReading {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    return { kind: 'skip', reason: 'not JSON' }
  }
  if (!isFields(line)) return { kind: 'skip', reason: 'not a JSON object' }
  if (typesWithoutUsage.includes(line['type'] as string)) return none
  const nested = nestedRecord(line)
  const record = nested ?? line
  const message = record['message']
  const usage = isFields(message) ? message['usage'] : undefined
  if (!isFields(message) || !isFields(usage)) return none
  if (line['isApiErrorMessage'] === true || record['isApiErrorMessage'] === true) return { kind: 'skip', reason: 'API error message' }
  const model = textOf(message['model'])
  if (model === '<synthetic>') return { kind: 'skip', reason: 'synthetic message' }
  const at = instantOf(record['timestamp'] ?? line['timestamp'])
  if (at === undefined) return { kind: 'skip', reason: 'no readable timestamp' }
  const raw = rawUsage(usage)
  if (raw === undefined) return { kind: 'skip', reason: 'bad token count' }
  const replayed = nested !== undefined || line['isSidechain'] === true
  const call = toCall({ ...raw, at, model: model === '' ? 'unknown' : model, rank: replayed ? 0 : 1 })
  call.session = textOf(record['sessionId']) || textOf(line['sessionId'])
  call.cwd = textOf(record['cwd']) || textOf(line['cwd'])
  call.branch = textOf(record['gitBranch']) || textOf(line['gitBranch'])
  call.stopReason = textOf(message['stop_reason'])
  const cost = record['costUSD'] ?? line['costUSD']
  call.reportedUsd = typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 ? String(cost) : ''
  identify(call, textOf(message['id']), textOf(record['requestId']) || textOf(line['requestId']))
  return { kind: 'call', call }
}

/** The line of a subagent that a progress record repeats. */
function nestedRecord(line: Fields): Fields | undefined {
  if (isFields(line['message'])) return undefined
  const data = line['data']
  const record = isFields(data) ? data['message'] : undefined
  return isFields(record) ? record : undefined
}

/** Usage as the provider writes it, before its buckets are made disjoint. Absent counts are 0, absent text is empty. */
export interface RawUsage {
  readonly input: number
  /** Written to the cache in all; `-1` where only the parts are given. */
  readonly written: number
  readonly written5m: number
  readonly written1h: number
  readonly read: number
  readonly output: number
  readonly thinking: number
  readonly searches: number
  readonly serviceTier: string
  readonly speed: string
  readonly geo: string
}

function rawUsage(usage: Fields): RawUsage | undefined {
  const parts = usage['cache_creation']
  const details = usage['output_tokens_details']
  const tools = usage['server_tool_use']
  const raw: RawUsage = {
    input: countOf(usage['input_tokens']),
    written: (usage['cache_creation_input_tokens'] ?? null) === null ? -1 : countOf(usage['cache_creation_input_tokens']),
    written5m: isFields(parts) ? countOf(parts['ephemeral_5m_input_tokens']) : 0,
    written1h: isFields(parts) ? countOf(parts['ephemeral_1h_input_tokens']) : 0,
    read: countOf(usage['cache_read_input_tokens']),
    output: countOf(usage['output_tokens']),
    thinking: isFields(details) ? countOf(details['thinking_tokens']) : 0,
    searches: isFields(tools) ? countOf(tools['web_search_requests']) : 0,
    serviceTier: textOf(usage['service_tier']),
    speed: textOf(usage['speed']),
    geo: textOf(usage['inference_geo']),
  }
  return Object.values(raw).some(Number.isNaN) ? undefined : raw
}

/**
 * A call with disjoint buckets. The input total of this provider leaves out what was read from or written to the
 * cache. A write without a stated life counts as 5 minutes, the provider's default; words for the usual tier, speed
 * and place are left out.
 * Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
 */
export function toCall(raw: RawUsage & Pick<TranscriptCall, 'at' | 'model' | 'rank'>): TranscriptCall {
  return {
    responseId: '',
    ownId: '',
    at: raw.at,
    model: raw.model,
    session: '',
    cwd: '',
    project: '',
    branch: '',
    rank: raw.rank,
    inputTokens: raw.input,
    cacheReadTokens: raw.read,
    cacheWrite5mTokens: Math.max(raw.written5m, raw.written - raw.written1h),
    cacheWrite1hTokens: raw.written1h,
    outputTokens: raw.output,
    reasoningTokens: Math.min(raw.thinking, raw.output),
    searches: raw.searches,
    serviceTier: raw.serviceTier === 'standard' ? '' : raw.serviceTier,
    speed: raw.speed === 'standard' ? '' : raw.speed,
    region: raw.geo === 'global' || raw.geo === 'not_available' ? '' : raw.geo,
    stopReason: '',
    reportedUsd: '',
  }
}

/** Gives a call its identity: the message's id, else the request's, else a hash of what a copy of the line repeats. */
export function identify(call: TranscriptCall, messageId: string, requestId: string): void {
  call.responseId = messageId
  if (messageId !== '') return
  if (requestId !== '') {
    call.ownId = `claude-code:${requestId}`
    return
  }
  const { at, model, inputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens, outputTokens } = call
  const content = [at, model, inputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens, outputTokens].join('\n')
  call.ownId = `claude-code:${hash('sha256', content, 'hex').slice(0, 32)}`
}

export function totalTokens(call: TranscriptCall): number {
  return call.inputTokens + call.cacheReadTokens + call.cacheWrite5mTokens + call.cacheWrite1hTokens + call.outputTokens
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A count of tokens or uses; absent is 0, and what is no count is not a number. */
function countOf(value: unknown): number {
  if (value === undefined || value === null) return 0
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : Number.NaN
}

function instantOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return parseInstant(value, 'UTC')
  } catch {
    return undefined
  }
}

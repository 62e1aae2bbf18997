import { hash } from 'node:crypto'
import { checkInstant, parseInstant } from '../../time/calendar.ts'
import { asFields, asText, type Fields } from '../../usage/readers/fields.ts'
import { anthropicMessages } from '../../usage/readers/anthropic-messages.ts'
import type { UsageReading } from '../../usage/reader.ts'
import type { UsageWarning } from '../../usage/usage.ts'

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
  warnings: readonly UsageWarning[]
}

export type LineReading =
  | { readonly kind: 'none' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'call'; readonly call: TranscriptCall }

/** For messages that do not say: a model without a price, so that they show. */
export const unknownModel = 'unknown'

export const none: LineReading = { kind: 'none' }

/** Types of lines that carry no usage of a call; what a tool reports of its own agents in them is counted where it happened. */
export const typesWithoutUsage: readonly string[] = ['user', 'system', 'summary', 'file-history-snapshot', 'queue-operation']

/** Reads one line of any shape that such transcripts have had; `scan` of the line scanner gives the same for the usual one. */
export function readTranscriptLine(text: string): LineReading {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { kind: 'skip', reason: 'not JSON' }
  }
  const line = asFields(parsed)
  if (line === undefined) return { kind: 'skip', reason: 'not a JSON object' }
  if (typesWithoutUsage.includes(line['type'] as string)) return none
  const nested = nestedRecord(line)
  const message = asFields((nested ?? line)['message'])
  if (message === undefined || asFields(message['usage']) === undefined) return none
  const field = (name: string): unknown => nested?.[name] ?? line[name]
  if (field('isApiErrorMessage') === true) return { kind: 'skip', reason: 'API error message' }
  if (message['model'] === '<synthetic>') return { kind: 'skip', reason: 'synthetic message' }
  const at = instantOf(field('timestamp'))
  if (typeof at === 'string') return { kind: 'skip', reason: at }
  const call = toCall(anthropicMessages.read(message), at, nested !== undefined || line['isSidechain'] === true ? 0 : 1)
  call.session = asText(field('sessionId')) ?? ''
  call.cwd = asText(field('cwd')) ?? ''
  call.branch = asText(field('gitBranch')) ?? ''
  const cost = field('costUSD')
  if (typeof cost === 'number' && cost >= 0) call.reportedUsd = String(cost)
  identify(call, asText(message['id']) ?? '', asText(field('requestId')) ?? '')
  return { kind: 'call', call }
}

/** The line of an agent that the session started, as a progress record repeats it. */
function nestedRecord(line: Fields): Fields | undefined {
  return asFields(line['message']) === undefined ? asFields(asFields(line['data'])?.['message']) : undefined
}

function toCall(reading: UsageReading, at: number, rank: 0 | 1): TranscriptCall {
  const { usage } = reading
  return {
    responseId: '',
    ownId: '',
    at,
    model: reading.model ?? unknownModel,
    session: '',
    cwd: '',
    project: '',
    branch: '',
    rank,
    inputTokens: usage.inputTokens ?? 0,
    cacheReadTokens: usage.cacheReadTokens ?? 0,
    cacheWrite5mTokens: usage.cacheWrite5mTokens ?? 0,
    cacheWrite1hTokens: usage.cacheWrite1hTokens ?? 0,
    outputTokens: usage.outputTokens ?? 0,
    reasoningTokens: usage.reasoningTokens ?? 0,
    searches: usage.searches ?? 0,
    serviceTier: reading.serviceTier ?? '',
    speed: reading.speed ?? '',
    region: reading.region ?? '',
    stopReason: reading.stopReason ?? '',
    reportedUsd: '',
    warnings: reading.warnings,
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

/** How much a record says that its call used: all meters together, as the ledger compares two records of one call. */
export function sizeOf(call: TranscriptCall): number {
  const { inputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens, outputTokens, reasoningTokens, searches } = call
  return inputTokens + cacheReadTokens + cacheWrite5mTokens + cacheWrite1hTokens + outputTokens + reasoningTokens + searches
}

/** The instant of a timestamp, or why there is none. */
function instantOf(value: unknown): number | string {
  if (typeof value !== 'string') return 'no timestamp'
  try {
    return checkInstant(parseInstant(value, 'UTC'), Date.now())
  } catch {
    return 'bad time'
  }
}

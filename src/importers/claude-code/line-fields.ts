import { skipWord } from './json-skip.ts'

// Fields by what their value is; a field's code is its place in this order.
const texts = ['type', 'timestamp', 'sessionId', 'cwd', 'gitBranch', 'requestId'] as const
const messageTexts = ['id', 'model', 'stop_reason'] as const
const usageTexts = ['service_tier', 'speed', 'inference_geo', 'iterations.type'] as const
const counts = ['input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens', 'output_tokens'] as const
const partCounts = ['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens', 'web_search_requests', 'thinking_tokens'] as const
const freeCounts = ['web_fetch_requests', 'tool_search_requests', 'code_execution_requests'] as const
const iterationCounts = ['iterations.input_tokens', 'iterations.output_tokens'] as const
const objects = ['message', 'usage', 'cache_creation', 'server_tool_use', 'output_tokens_details', 'iterations'] as const
const flags = ['isSidechain'] as const
const skipped = ['parentUuid', 'content'] as const
/** Fields that a line of the usual shape has not, or as null or false; another value is left to the slower reader. */
const rare = ['data', 'costUSD', 'isApiErrorMessage'] as const
export const names = [
  ...texts,
  ...messageTexts,
  ...usageTexts,
  ...counts,
  ...partCounts,
  ...freeCounts,
  ...iterationCounts,
  ...objects,
  ...flags,
  ...rare,
  ...skipped,
] as const
type FieldName = (typeof names)[number]
export const code = Object.fromEntries(names.map((name, index) => [name, index])) as Record<FieldName, number>
export const firstCount = code.input_tokens
export const firstObject = code.message
export const firstFlag = code.isSidechain
export const firstRare = code.data

export interface FieldTable {
  /** The known fields by the length of their name. */
  readonly byLength: readonly (readonly { readonly code: number; readonly bytes: Buffer }[])[]
  /** Whether a field that is not known must be zero, so that nothing billable goes by. */
  readonly closed: boolean
}

function fieldTable(closed: boolean, ...fields: readonly FieldName[]): FieldTable {
  const byLength: { code: number; bytes: Buffer }[][] = Array.from({ length: 32 }, () => [])
  for (const name of fields) {
    const bytes = Buffer.from(name.slice(name.indexOf('.') + 1))
    byLength[bytes.length]?.push({ code: code[name], bytes })
  }
  return { byLength, closed }
}

export const lineFields = fieldTable(false, ...texts, ...flags, ...rare, 'message', 'parentUuid')
export const fieldsIn: readonly FieldTable[] = [
  fieldTable(false, ...messageTexts, 'content', 'usage'),
  fieldTable(true, ...counts, 'service_tier', 'speed', 'inference_geo', ...objects.slice(2)),
  fieldTable(true, 'ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'),
  fieldTable(true, 'web_search_requests', ...freeCounts),
  fieldTable(true, 'thinking_tokens'),
  fieldTable(false, 'iterations.type', ...iterationCounts),
]

/** The code of the field named `bytes[start, end)`, or -1. */
export function fieldCode(table: FieldTable, bytes: Uint8Array, start: number, end: number): number {
  const candidates = table.byLength[end - start]
  if (candidates === undefined) return -1
  for (const candidate of candidates) if (skipWord(bytes, start, candidate.bytes) > 0) return candidate.code
  return -1
}

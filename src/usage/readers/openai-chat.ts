import type { UsageReader, UsageReading } from '../reader.ts'
import { lastOf, lastText, toEvents } from './events.ts'
import { asFields, asList, asText, type Fields, unreadable } from './fields.ts'
import { openBatchLine } from './openai-batch.ts'
import { addOpenAiTokens, chatNames, type TokenExtras } from './openai-tokens.ts'
import { toServiceTier } from './service-tier.ts'
import { UsageDraft } from './usage-draft.ts'

/** What a server that speaks the chat completions API reports besides OpenAI's own fields. */
export interface ChatDialect {
  readonly knownFields: ReadonlySet<string>
  readonly readExtras?: (
    draft: UsageDraft,
    usage: Fields,
    model: string | undefined,
  ) => TokenExtras & { reportedCostUsd?: string | undefined }
}

/** The fields of `usage` that OpenAI documents. */
export const openAiUsageFields: readonly string[] = [
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'prompt_tokens_details',
  'completion_tokens_details',
]

const openAiDialect: ChatDialect = { knownFields: new Set(openAiUsageFields) }

/** OpenAI chat completions, whole or streamed with `stream_options.include_usage`. */
export const openAiChat: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai'],
  apis: ['chat', 'chat.completions', 'completions'],
  inputTotalIncludesCache: true,
  source: 'https://platform.openai.com/docs/api-reference/chat/object',
  read: (body) => readChat(body, openAiDialect),
}

/**
 * Reads a chat completion or the chunks of a stream, of which the last one with a `usage` counts.
 * @throws PURSER_UNREADABLE_USAGE when no chunk has one.
 */
export function readChat(body: unknown, dialect: ChatDialect): UsageReading {
  const { body: response, serviceTier } = openBatchLine(body)
  const events = toEvents(response)
  const usage = lastOf(events, usageOf)
  if (usage === undefined)
    throw unreadable('chat completions', 'it has no "usage"; a stream sends it where stream_options.include_usage is true')
  const draft = new UsageDraft()
  const model = lastText(events, 'model')
  const extras = dialect.readExtras?.(draft, usage, model) ?? {}
  addOpenAiTokens(draft, usage, chatNames, extras)
  draft.reportUnknown(usage, dialect.knownFields, 'usage.')
  countBuiltInSearch(draft, model)
  return draft.toReading({
    model,
    serviceTier: serviceTier ?? toServiceTier(lastText(events, 'service_tier') ?? usage['service_tier']),
    responseId: lastText(events, 'id'),
    stopReason: lastOf(events, stopReasonOf),
    reportedCostUsd: extras.reportedCostUsd,
  })
}

/** Groq puts the usage of a stream into `x_groq`. */
function usageOf(event: Fields): Fields | undefined {
  return asFields(event['usage']) ?? asFields(asFields(event['x_groq'])?.['usage'])
}

function stopReasonOf(event: Fields): string | undefined {
  return asText(asFields(asList(event['choices'])[0])?.['finish_reason'])
}

/** The search models search on every call: https://platform.openai.com/docs/guides/tools-web-search */
function countBuiltInSearch(draft: UsageDraft, model: string | undefined): void {
  if (model === undefined || !/^gpt-.*-search-(preview|api)/.test(model)) return
  draft.add('searches', 1)
  draft.warn('assumed', `${model} searches the web on every call, but the response does not count it: 1 search is assumed.`)
}

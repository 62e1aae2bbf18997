import type { UsageReader } from '../reader.ts'
import { lastOf, toEvents } from './events.ts'
import { asFields, asList, asText, type Fields, unreadable } from './fields.ts'
import { openBatchLine } from './openai-batch.ts'
import { addOpenAiTokens, responseFields, responseNames } from './openai-tokens.ts'
import { costFields, readReportedCost } from './reported-cost.ts'
import { addServerTools, serverToolFields } from './server-tools.ts'
import { toServiceTier } from './service-tier.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([...responseFields, ...costFields, ...serverToolFields])

/** Tools of OpenAI that are billed by call or by session and have no meter: https://platform.openai.com/docs/pricing */
const unmeteredTools: Readonly<Record<string, string>> = {
  file_search_call: 'file searches',
  code_interpreter_call: 'code interpreter calls',
  image_generation_call: 'image generations',
}

/** OpenAI's responses API (also Azure's, OpenRouter's and xAI's), whole or streamed, and the realtime API's `response.done`. */
export const openAiResponses: UsageReader = {
  providers: ['openai', 'azure', 'azure-openai', '*'],
  apis: ['responses', 'realtime'],
  inputTotalIncludesCache: true,
  source: 'https://platform.openai.com/docs/api-reference/responses/object',
  read: (body) => {
    const opened = openBatchLine(body)
    const events = toEvents(opened.body)
    const response = lastOf(events, responseOf)
    const usage = asFields(response?.['usage'])
    if (response === undefined || usage === undefined) {
      throw unreadable('responses', 'it has no "usage"; a stream sends it with the response.completed event')
    }
    const draft = new UsageDraft()
    addOpenAiTokens(draft, usage, responseNames)
    draft.reportUnknown(usage, knownFields, 'usage.')
    const counted = addServerTools(draft, usage, asText(response['model']))
    addTools(draft, response, counted)
    return draft.toReading({
      model: asText(response['model']),
      serviceTier: opened.serviceTier ?? toServiceTier(response['service_tier']),
      responseId: asText(response['id']),
      stopReason: asText(asFields(response['incomplete_details'])?.['reason']) ?? asText(response['status']),
      reportedCostUsd: readReportedCost(draft, usage),
    })
  },
}

/** The response itself, or the one that a `response.completed`, `response.incomplete` or `response.done` event carries. */
function responseOf(event: Fields): Fields | undefined {
  const response = asFields(event['response']) ?? event
  return asFields(response['usage']) === undefined ? undefined : response
}

/**
 * Web searches are billed by call, and only those of action `search`; opening a page or finding in it is not:
 * https://platform.openai.com/docs/pricing
 */
function addTools(draft: UsageDraft, response: Fields, searchesCounted: boolean): void {
  const unmetered: Record<string, number> = {}
  for (const item of asList(response['output'])) {
    const fields = asFields(item)
    const type = asText(fields?.['type'])
    if (type === 'web_search_call') {
      const action = asText(asFields(fields?.['action'])?.['type'])
      if (!searchesCounted && (action === undefined || action === 'search')) draft.add('searches', 1)
    } else if (type !== undefined && type in unmeteredTools) unmetered[type] = (unmetered[type] ?? 0) + 1
  }
  for (const [type, calls] of Object.entries(unmetered)) {
    draft.warn(
      'missing-usage',
      `The response made ${calls} ${unmeteredTools[type]}, which the provider bills beside tokens and no meter counts.`,
    )
  }
}

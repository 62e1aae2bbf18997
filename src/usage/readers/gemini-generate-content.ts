import type { UsageReader } from '../reader.ts'
import { lastOf, lastText, toEvents } from './events.ts'
import { asFields, asList, asText, type Fields, unreadable } from './fields.ts'
import { countGroundings } from './gemini-grounding.ts'
import { readModalities } from './gemini-modalities.ts'
import { toServiceTier } from './service-tier.ts'
import { addOutput, addPrompt } from './token-buckets.ts'
import { UsageDraft } from './usage-draft.ts'

const knownFields = new Set([
  'promptTokenCount',
  'promptTokensDetails',
  'cachedContentTokenCount',
  'cacheTokensDetails',
  'candidatesTokenCount',
  'candidatesTokensDetails',
  'responseTokenCount',
  'responseTokensDetails',
  'thoughtsTokenCount',
  'toolUsePromptTokenCount',
  'toolUsePromptTokensDetails',
  'totalTokenCount',
  // A share of the prompt: what it was before the model went on by itself.
  'initialPromptTokenCount',
  'trafficType',
  'serviceTier',
])

/**
 * Gemini generateContent, whole or streamed (the last chunk's usage counts), on the Gemini API and on Vertex. The
 * prompt includes the cached content; what tools put into the prompt, and thoughts, come on top of prompt and
 * candidates, and thoughts are billed as output.
 */
export const geminiGenerateContent: UsageReader = {
  providers: ['google', 'gemini', 'vertex', 'vertex-ai', 'google-vertex', 'google-ai-studio', 'nanobanana'],
  apis: ['generateContent', 'streamGenerateContent', 'embedContent'],
  inputTotalIncludesCache: true,
  source: 'https://ai.google.dev/api/generate-content#UsageMetadata',
  read: (body) => {
    const { responses: events, serviceTier } = openEnvelope(toEvents(body))
    const usage = lastOf(events, (event) => asFields(event['usageMetadata']))
    if (usage === undefined) throw unreadable('generateContent', 'it has no "usageMetadata"')
    const draft = new UsageDraft()
    const model = lastText(events, 'modelVersion') ?? lastText(events, 'model')
    addInput(draft, usage)
    addCandidates(draft, usage)
    checkTotal(draft, usage)
    countGroundings(draft, events, model)
    draft.reportUnknown(usage, knownFields, 'usageMetadata.')
    return draft.toReading({
      model,
      serviceTier: serviceTier ?? toServiceTier(usage['serviceTier']) ?? toServiceTier(usage['trafficType']),
      responseId: lastText(events, 'responseId'),
      stopReason: lastOf(events, (event) => asText(asFields(asList(event['candidates'])[0])?.['finishReason'])),
    })
  },
}

/** Lines of a batch's output, and what some SDKs return, have the response in a field of that name. */
function openEnvelope(events: readonly Fields[]): { responses: readonly Fields[]; serviceTier: 'batch' | undefined } {
  const last = events.at(-1)
  const inner = asFields(last?.['response'])
  if (last === undefined || asFields(inner?.['usageMetadata']) === undefined) return { responses: events, serviceTier: undefined }
  const isBatch = last['key'] !== undefined || last['processed_time'] !== undefined
  return { responses: [inner ?? last], serviceTier: isBatch ? 'batch' : undefined }
}

function addInput(draft: UsageDraft, usage: Fields): void {
  const prompt = readModalities(draft, usage, 'promptTokenCount', 'promptTokensDetails')
  const cached = readModalities(draft, usage, 'cachedContentTokenCount', 'cacheTokensDetails')
  const tools = readModalities(draft, usage, 'toolUsePromptTokenCount', 'toolUsePromptTokensDetails')
  addPrompt(draft, {
    ...prompt,
    label: 'usageMetadata.promptTokenCount',
    cached: cached.total,
    cachedBy: usage['cacheTokensDetails'] === undefined ? undefined : cached,
    cacheWrite: 0,
  })
  if (tools.total > 0) addPrompt(draft, { ...tools, label: 'usageMetadata.toolUsePromptTokenCount', cached: 0, cacheWrite: 0 })
}

function addCandidates(draft: UsageDraft, usage: Fields): void {
  const live = usage['candidatesTokenCount'] === undefined && usage['responseTokenCount'] !== undefined
  const candidates = live
    ? readModalities(draft, usage, 'responseTokenCount', 'responseTokensDetails')
    : readModalities(draft, usage, 'candidatesTokenCount', 'candidatesTokensDetails')
  const thoughts = draft.count(usage, 'thoughtsTokenCount', 'usageMetadata.')
  addOutput(draft, {
    ...candidates,
    label: live ? 'usageMetadata.responseTokenCount' : 'usageMetadata.candidatesTokenCount',
    total: candidates.total + thoughts,
    reasoning: thoughts,
  })
}

function checkTotal(draft: UsageDraft, usage: Fields): void {
  const said = draft.count(usage, 'totalTokenCount', 'usageMetadata.')
  let sum = 0
  // Their oddities are reported where they are read into buckets.
  for (const name of ['promptTokenCount', 'toolUsePromptTokenCount', 'candidatesTokenCount', 'responseTokenCount', 'thoughtsTokenCount']) {
    const value = usage[name]
    if (typeof value === 'number') sum += value
  }
  if (said !== 0 && said !== sum) {
    draft.warn('sum-mismatch', `usageMetadata.totalTokenCount is ${said}, but prompt, tools, candidates and thoughts sum to ${sum}.`)
  }
}

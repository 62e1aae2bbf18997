import type { LanguageModelV4, LanguageModelV4GenerateResult } from '@ai-sdk/provider'
import type { HeldCall } from '../facade/calls/settlement-desk.ts'
import { fieldsOf } from './fields.ts'

/** APIs behind providers of the SDK, whose own answers tell more than the SDK's usage: how long caches live, service tiers. */
const apis: Readonly<Record<string, string>> = {
  'openai.chat': 'chat',
  'openai.completion': 'completions',
  'openai.responses': 'responses',
  'azure.chat': 'chat',
  'azure.responses': 'responses',
  'anthropic.messages': 'messages',
  'google.generative-ai': 'generateContent',
  'google.vertex.chat': 'generateContent',
}

/** The API behind a model, where its own answers and events can be read. */
export function apiBehind(model: LanguageModelV4): string | undefined {
  return Object.hasOwn(apis, model.provider) ? apis[model.provider] : undefined
}

type Answered = Pick<LanguageModelV4GenerateResult, 'usage' | 'finishReason' | 'response'>

/** What a call came to: by the provider's own answer where the SDK hands it on, else by the SDK's usage. */
export function answerOf({ usage, finishReason, response }: Answered, provider: string, model: LanguageModelV4): HeldCall {
  const api = apiBehind(model)
  const raw = fieldsOf(response?.body)
  if (api !== undefined && (raw?.['usage'] ?? raw?.['usageMetadata']) !== undefined) {
    return { provider, api, body: raw, model: model.modelId }
  }
  const { id, modelId = model.modelId } = response ?? {}
  return {
    provider,
    api: 'ai-sdk',
    model: model.modelId,
    body: { usage: plain(usage), finishReason, response: { ...(id !== undefined && { id }), modelId } },
  }
}

/** The SDK's usage without what the provider said beside it. */
function plain({ inputTokens, outputTokens }: LanguageModelV4GenerateResult['usage']): unknown {
  return { inputTokens, outputTokens }
}

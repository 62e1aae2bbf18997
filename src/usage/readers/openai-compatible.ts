import type { UsageReader } from '../reader.ts'
import { type ChatDialect, openAiUsageFields, readChat } from './openai-chat.ts'
import { costFields, readReportedCost } from './reported-cost.ts'
import { addServerTools, isPerplexity, serverToolFields } from './server-tools.ts'

/** Fields that say nothing billable, or what another field says already. */
const informative = [
  'service_tier',
  // Times of Groq and others.
  'queue_time',
  'prompt_time',
  'completion_time',
  'total_time',
  // DeepSeek's other side of prompt_cache_hit_tokens.
  'prompt_cache_miss_tokens',
]
const extraFields = ['prompt_cache_hit_tokens', 'cached_tokens', 'num_cached_tokens', 'reasoning_tokens', 'prompt_audio_seconds']

const compatibleDialect: ChatDialect = {
  knownFields: new Set([...openAiUsageFields, ...costFields, ...serverToolFields, ...informative, ...extraFields]),
  readExtras: (draft, usage, model) => {
    addServerTools(draft, usage, model)
    const audio = usage['prompt_audio_seconds']
    // Mistral writes an empty object where there is no audio.
    if (typeof audio !== 'object') draft.add('audioSeconds', draft.decimal(audio, 'usage.prompt_audio_seconds'))
    const cachedNames = ['prompt_cache_hit_tokens', 'cached_tokens', 'num_cached_tokens']
    return {
      cached: Math.max(...cachedNames.map((name) => draft.count(usage, name, 'usage.'))),
      extraReasoning: isPerplexity(usage) ? draft.count(usage, 'reasoning_tokens', 'usage.') : 0,
      restIsOutput: true,
      reportedCostUsd: readReportedCost(draft, usage),
    }
  },
}

/**
 * Any server that speaks the chat completions API: OpenRouter, Groq, DeepSeek, Mistral, xAI, Perplexity, Together,
 * vLLM, Ollama and others. A cost that the server reports is kept.
 */
export const openAiCompatibleChat: UsageReader = {
  providers: ['*'],
  apis: ['chat', 'chat.completions', 'completions'],
  inputTotalIncludesCache: true,
  source: 'https://openrouter.ai/docs/use-cases/usage-accounting',
  read: (body) => readChat(body, compatibleDialect),
}

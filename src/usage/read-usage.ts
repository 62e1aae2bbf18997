import { PurserError } from '../errors.ts'
import { closest } from '../text/closest.ts'
import type { UsageReader, UsageReading } from './reader.ts'
import { aiSdkUsage } from './readers/ai-sdk-usage.ts'
import { anthropicMessages } from './readers/anthropic-messages.ts'
import { bedrockConverse } from './readers/bedrock-converse.ts'
import { elevenLabsSpeech } from './readers/elevenlabs-speech.ts'
import { geminiGenerateContent } from './readers/gemini-generate-content.ts'
import { googleImages } from './readers/google-images.ts'
import { googleVideo } from './readers/google-video.ts'
import { openAiChat } from './readers/openai-chat.ts'
import { openAiCompatibleChat } from './readers/openai-compatible.ts'
import { openAiEmbeddings } from './readers/openai-embeddings.ts'
import { openAiImages } from './readers/openai-images.ts'
import { openAiResponses } from './readers/openai-responses.ts'
import { openAiSpeech } from './readers/openai-speech.ts'
import { openAiTranscription } from './readers/openai-transcription.ts'
import { openAiVideo } from './readers/openai-video.ts'

/** Every reader; where two read the same API of any provider, the first counts. */
export const usageReaders: readonly UsageReader[] = [
  openAiChat,
  openAiResponses,
  openAiEmbeddings,
  openAiImages,
  openAiSpeech,
  openAiTranscription,
  openAiVideo,
  openAiCompatibleChat,
  anthropicMessages,
  geminiGenerateContent,
  googleImages,
  googleVideo,
  bedrockConverse,
  elevenLabsSpeech,
  aiSdkUsage,
]

/** A raw response, and where it comes from. */
export interface UsageSource {
  /** As the owner writes it: `openai`, `anthropic`, `google`, `bedrock`, `openrouter`, … */
  readonly provider: string
  /** As people name it: `chat`, `chat.completions`, `messages`, `generateContent`, `converse`, … */
  readonly api: string
  /** The response, parsed; or the events of a stream, as a list or as the text of the stream. */
  readonly body: unknown
}

/**
 * Reads what one call consumed out of the provider's raw response.
 * @throws PURSER_UNKNOWN_READER when no reader exists for provider and API.
 * @throws PURSER_UNREADABLE_USAGE when the body carries no usage at all.
 *
 * ```ts
 * readUsage({ provider: 'openai', api: 'chat', body: { model: 'gpt-4o', usage: { prompt_tokens: 9, completion_tokens: 2 } } })
 * // { model: 'gpt-4o', usage: { inputTokens: 9, outputTokens: 2 }, warnings: [] }
 * ```
 */
export function readUsage({ provider, api, body }: UsageSource): UsageReading {
  return findReader(provider, api).read(body)
}

/**
 * The reader of a provider's API; names are compared without regard to case and punctuation.
 * @throws PURSER_UNKNOWN_READER naming the nearest and all known.
 */
export function findReader(provider: string, api: string): UsageReader {
  const name = plain(api)
  const reader = readersByName.get(`${plain(provider)} ${name}`) ?? readersByName.get(`* ${name}`)
  if (reader !== undefined) return reader
  const known = usageReaders.flatMap(({ providers, apis }) => providers.map((each) => `${each} ${apis[0]}`))
  const nearest = closest(`${provider} ${api}`, allNames()) ?? closest(`* ${api}`, known)
  throw new PurserError(
    'PURSER_UNKNOWN_READER',
    `No reader for provider "${provider}", api "${api}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} Known (* is any provider): ${known.join(', ')}.`,
  )
}

const readersByName = new Map<string, UsageReader>()
for (const reader of usageReaders) {
  for (const provider of reader.providers) {
    for (const api of reader.apis) {
      const key = `${plain(provider)} ${plain(api)}`
      if (!readersByName.has(key)) readersByName.set(key, reader)
    }
  }
}

function allNames(): string[] {
  return usageReaders.flatMap(({ providers, apis }) => providers.flatMap((provider) => apis.map((api) => `${provider} ${api}`)))
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9*]/g, '')
}

import { PurserError } from '../../errors.ts'
import { closest } from '../../text/closest.ts'
import { aiSdkRequest } from './ai-sdk-request.ts'
import { anthropicMessagesRequest } from './anthropic-messages-request.ts'
import { bedrockConverseRequest } from './bedrock-converse-request.ts'
import type { CallRequest, RequestReader, RequestSource } from './call-request.ts'
import { elevenLabsSpeechRequest } from './elevenlabs-speech-request.ts'
import { geminiRequest } from './gemini-request.ts'
import { openAiChatRequest } from './openai-chat-request.ts'
import { openAiEmbeddingsRequest } from './openai-embeddings-request.ts'
import { openAiImagesRequest } from './openai-images-request.ts'
import { openAiResponsesRequest } from './openai-responses-request.ts'
import { openAiSpeechRequest } from './openai-speech-request.ts'
import { openAiTranscriptionRequest } from './openai-transcription-request.ts'
import { plainRequest } from './plain-request.ts'

/** Every reader; one for a provider by name comes before one for any. */
export const requestReaders: readonly RequestReader[] = [
  openAiChatRequest,
  openAiResponsesRequest,
  openAiEmbeddingsRequest,
  openAiImagesRequest,
  openAiSpeechRequest,
  openAiTranscriptionRequest,
  anthropicMessagesRequest,
  geminiRequest,
  bedrockConverseRequest,
  elevenLabsSpeechRequest,
  aiSdkRequest,
  plainRequest,
]

/**
 * Reads what a call may consume at most out of its request, before it is made. What the request leaves open stands in
 * `unbounded`, never at zero. No text of the prompt is kept.
 * @throws PURSER_UNKNOWN_READER when no reader exists for provider and API.
 * @throws PURSER_BAD_RECORD when the body is no request of this API, or nobody names the model.
 *
 * ```ts
 * readRequest({ provider: 'anthropic', api: 'messages', body: { model: 'claude-sonnet-4-5', max_tokens: 1024, messages } })
 * ```
 */
export function readRequest(source: RequestSource): CallRequest {
  return findRequestReader(source.provider, source.api).read(source)
}

/**
 * The reader of a provider's API; names are compared without regard to case and punctuation.
 * @throws PURSER_UNKNOWN_READER naming the nearest and all known.
 */
export function findRequestReader(provider: string, api: string): RequestReader {
  const found = readersByName.get(`${plain(provider)} ${plain(api)}`) ?? readersByName.get(`* ${plain(api)}`)
  if (found !== undefined) return found
  const known = requestReaders.flatMap(({ providers, apis }) => providers.map((each) => `${each} ${apis[0]}`))
  const nearest = closest(`${provider} ${api}`, known) ?? closest(`* ${api}`, known)
  throw new PurserError(
    'PURSER_UNKNOWN_READER',
    `No reader of requests for provider "${provider}", api "${api}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} Known (* is any provider): ${known.join(', ')}.`,
  )
}

const readersByName = new Map<string, RequestReader>()
for (const reader of requestReaders) {
  for (const provider of reader.providers) {
    for (const api of reader.apis) {
      const key = `${plain(provider)} ${plain(api)}`
      if (!readersByName.has(key)) readersByName.set(key, reader)
    }
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9*]/g, '')
}

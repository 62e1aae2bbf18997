/** One call that the server got. */
export interface ProviderCall {
  readonly api: ProviderApi
  readonly model: string
  /** The request: JSON, or the fields of a form. */
  readonly body: Readonly<Record<string, unknown>>
  /** From 1, over all calls. */
  readonly number: number
  /** Of the answer, where its API has one. */
  readonly id: string
  readonly path: string
}

export type ProviderApi =
  | 'openai.chat'
  | 'openai.transcription'
  | 'openai.image'
  | 'anthropic.messages'
  | 'gemini.content'
  | 'elevenlabs.speech'

/** What the script says to one call: the figures that its API reports; those that it does not report are ignored. */
export interface ProviderAnswer {
  readonly text?: string
  /** The whole prompt, with what was read from the cache. */
  readonly inputTokens?: number
  readonly cacheReadTokens?: number
  /** With reasoning. */
  readonly outputTokens?: number
  readonly reasoningTokens?: number
  /** Images that it draws. */
  readonly images?: number
  /** Of the audio that it transcribes. */
  readonly audioSeconds?: number
  /** An answer of this status in place of the one above. */
  readonly status?: number
  readonly message?: string
  /** Milliseconds until it answers. */
  readonly holdMs?: number
}

interface Response {
  readonly content: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Api {
  readonly api: ProviderApi
  /** A group `model` where the address names it. */
  readonly path: RegExp
  readonly respond: (call: ProviderCall, said: ProviderAnswer) => Response
}

/** What answers where, as the providers document it. */
export const providerApis: readonly Api[] = [
  // https://platform.openai.com/docs/api-reference/chat/create
  { api: 'openai.chat', path: /\/chat\/completions$/, respond: chatCompletion },
  // https://platform.openai.com/docs/api-reference/audio/createTranscription
  { api: 'openai.transcription', path: /\/audio\/transcriptions$/, respond: transcription },
  // https://platform.openai.com/docs/api-reference/images/create
  { api: 'openai.image', path: /\/images\/generations$/, respond: openaiImages },
  // https://docs.claude.com/en/api/messages
  { api: 'anthropic.messages', path: /\/v1\/messages$/, respond: anthropicMessage },
  // https://ai.google.dev/api/generate-content
  { api: 'gemini.content', path: /\/models\/(?<model>[^/:]+):generateContent$/, respond: geminiContent },
  // https://elevenlabs.io/docs/api-reference/text-to-speech/convert
  { api: 'elevenlabs.speech', path: /\/v1\/text-to-speech\/[^/]+$/, respond: speech },
]

/** A PNG of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC'

function chatCompletion(call: ProviderCall, said: ProviderAnswer): Response {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, reasoningTokens = 0 } = said
  return {
    content: {
      id: `chatcmpl-${call.id}`,
      object: 'chat.completion',
      created: now(),
      model: call.model,
      choices: [
        { index: 0, message: { role: 'assistant', content: said.text ?? '', refusal: null }, finish_reason: 'stop', logprobs: null },
      ],
      usage: {
        prompt_tokens: inputTokens,
        completion_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
        prompt_tokens_details: { cached_tokens: cacheReadTokens, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: reasoningTokens, audio_tokens: 0 },
      },
    },
  }
}

function transcription(_: ProviderCall, said: ProviderAnswer): Response {
  return { content: { text: said.text ?? '', usage: { type: 'duration', seconds: said.audioSeconds ?? 0 } } }
}

function openaiImages(call: ProviderCall, said: ProviderAnswer): Response {
  const { images = 1, inputTokens, outputTokens = 0 } = said
  const usage = {
    input_tokens: inputTokens,
    input_tokens_details: { text_tokens: inputTokens, image_tokens: 0 },
    output_tokens: outputTokens,
    total_tokens: (inputTokens ?? 0) + outputTokens,
  }
  const { size = '1024x1024', quality = 'medium' } = call.body
  const data = Array.from({ length: images }, () => ({ b64_json: pixel }))
  return { content: { created: now(), size, quality, data, ...(inputTokens !== undefined && { usage }) } }
}

function anthropicMessage(call: ProviderCall, said: ProviderAnswer): Response {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0 } = said
  return {
    content: {
      id: `msg_${call.id}`,
      type: 'message',
      role: 'assistant',
      model: call.model,
      content: [{ type: 'text', text: said.text ?? '' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: inputTokens - cacheReadTokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: cacheReadTokens,
        output_tokens: outputTokens,
        service_tier: 'standard',
      },
    },
    headers: { 'request-id': `req_${call.id}` },
  }
}

function geminiContent(call: ProviderCall, said: ProviderAnswer): Response {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, reasoningTokens = 0, images = 0 } = said
  const parts = [
    ...(said.text === undefined ? [] : [{ text: said.text }]),
    ...Array.from({ length: images }, () => ({ inlineData: { mimeType: 'image/png', data: pixel } })),
  ]
  return {
    content: {
      candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: inputTokens,
        candidatesTokenCount: outputTokens - reasoningTokens,
        totalTokenCount: inputTokens + outputTokens,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: inputTokens }],
        ...(images > 0 && { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: outputTokens - reasoningTokens }] }),
        ...(cacheReadTokens > 0 && { cachedContentTokenCount: cacheReadTokens }),
        ...(reasoningTokens > 0 && { thoughtsTokenCount: reasoningTokens }),
      },
      modelVersion: call.model,
      responseId: call.id,
    },
  }
}

/** One character of the text is one credit of a multilingual model. */
function speech(call: ProviderCall): Response {
  const { text } = call.body
  if (typeof text !== 'string') throw new Error('There is nothing to say.')
  return {
    content: new TextEncoder().encode('ID3'),
    headers: { 'request-id': call.id, 'character-cost': String([...text].length) },
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

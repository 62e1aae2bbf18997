/** Which API a request is of, by the names of the usage and request readers; `model` where it stands in the address. */
export interface ApiOfUrl {
  readonly api: string
  readonly model?: string
}

type Route = readonly [path: RegExp, api: string]

/** Ends of paths under which providers generate something that costs. The first that fits counts. */
const routes: readonly Route[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/completions$/, 'completions'],
  [/\/responses$/, 'responses'],
  [/\/embeddings$/, 'embeddings'],
  [/\/images\/(?:generations|edits|variations)$/, 'images'],
  [/\/audio\/speech$/, 'speech'],
  [/\/audio\/(?:transcriptions|translations)$/, 'transcription'],
  [/\/videos(?:\/(?:edits|extensions|[^/]+\/remix))?$/, 'video'],
  // OpenAI has messages of threads, which cost nothing.
  [/\/v1\/messages$/, 'messages'],
  [/\/(?:models|tunedModels|endpoints)\/(?<model>[^/:]+):(?:generateContent|streamGenerateContent)$/, 'generateContent'],
  [/\/models\/(?<model>[^/:]+):(?:embedContent|batchEmbedContents)$/, 'embedContent'],
  [/\/models\/(?<model>[^/:]+):predictLongRunning$/, 'veo'],
  [/\/models\/(?<model>[^/:]+):(?:rawPredict|streamRawPredict)$/, 'messages'],
  [/\/models\/(?<model>[^/:]+):predict$/, 'predict'],
  [/\/text-to-speech\/[^/]+(?:\/stream)?(?:\/with-timestamps)?$/, 'text-to-speech'],
  [/\/model\/(?<model>[^/]+)\/converse(?:-stream)?$/, 'converse'],
  // What costs and no reader knows: a hard budget refuses it, and what it came to is never taken for nothing.
  [/\/responses\/compact$/, 'compaction'],
  [/\/interactions$/, 'interactions'],
  [/\/v1\/complete$/, 'complete'],
  [/\/threads\/(?:[^/]+\/)?runs(?:\/[^/]+\/submit_tool_outputs)?$/, 'assistants.runs'],
  [/\/realtime\/(?:sessions|calls|client_secrets)$/, 'realtime.sessions'],
  [/\/speech-to-text$/, 'speech-to-text'],
  [/\/speech-to-speech\/[^/]+(?:\/stream)?$/, 'speech-to-speech'],
  [/\/(?:sound-generation|text-to-dialogue(?:\/stream)?|audio-isolation(?:\/stream)?|dubbing|music(?:\/stream|\/detailed)?)$/, 'sound'],
  [/\/model\/(?<model>[^/]+)\/invoke(?:-with-response-stream)?$/, 'invoke'],
]

/** The API that a request generates by; undefined for what costs nothing, such as lists, files and counting tokens. */
export function apiOfUrl(url: URL, method: string): ApiOfUrl | undefined {
  if (method.toUpperCase() !== 'POST') return undefined
  const path = url.pathname.replace(/\/+$/, '')
  for (const [pattern, api] of routes) {
    const match = pattern.exec(path)
    if (match === null) continue
    const model = match.groups?.['model']
    return { api, ...(model !== undefined && { model: decodeURIComponent(model) }) }
  }
  return undefined
}

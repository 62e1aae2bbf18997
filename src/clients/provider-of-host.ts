/** Hosts of providers' APIs, by the name under which their prices stand. The end of a host's name counts. */
const hosts: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\.)api\.openai\.com$/, 'openai'],
  [/\.(?:openai|cognitiveservices|services\.ai)\.azure\.com$/, 'azure'],
  [/(?:^|\.)api\.anthropic\.com$/, 'anthropic'],
  [/(?:^|\.)generativelanguage\.googleapis\.com$/, 'google'],
  [/(?:^|[.-])aiplatform(?:\.[a-z0-9.-]+)?\.googleapis\.com$/, 'google'],
  [/^bedrock(?:-runtime)?(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/, 'aws'],
  [/(?:^|\.)api(?:\.[a-z]+(?:\.residency)?)?\.elevenlabs\.io$/, 'elevenlabs'],
  [/(?:^|\.)openrouter\.ai$/, 'openrouter'],
  [/(?:^|\.)api\.deepseek\.com$/, 'deepseek'],
  [/(?:^|\.)api\.groq\.com$/, 'groq'],
  [/(?:^|\.)api\.mistral\.ai$/, 'mistral'],
  [/(?:^|\.)api\.x\.ai$/, 'x-ai'],
  [/(?:^|\.)api\.perplexity\.ai$/, 'perplexity'],
  [/(?:^|\.)api\.together\.(?:xyz|ai)$/, 'together'],
  [/(?:^|\.)api\.fireworks\.ai$/, 'fireworks'],
  [/(?:^|\.)api\.cerebras\.ai$/, 'cerebras'],
  [/(?:^|\.)api\.cohere\.(?:ai|com)$/, 'cohere'],
  [/(?:^|\.)api\.moonshot\.(?:ai|cn)$/, 'moonshotai'],
  [/(?:^|\.)api\.minimax\.(?:io|chat)$/, 'minimax'],
  [/(?:^|\.)api\.z\.ai$/, 'zai'],
  [/(?:^|\.)api\.voyageai\.com$/, 'voyageai'],
]

/**
 * Whose prices apply to what a host serves. A host that is not known is its own provider: its calls are booked as unpriced
 * until the owner names one, since a proxy or a server at home may cost anything.
 */
export function providerOfHost(url: URL): string {
  return hosts.find(([pattern]) => pattern.test(url.hostname))?.[1] ?? url.host
}

/** OpenAI's data residency stands in the host's name (https://platform.openai.com/docs/guides/your-data). */
export function regionOfHost(url: URL): string | undefined {
  return /^(us|eu)\.api\.openai\.com$/.exec(url.hostname)?.[1]
}

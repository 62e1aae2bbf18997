/** How people and their tools write a provider, and the name under which its cards stand. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['claude', 'anthropic-ai'],
  aws: ['bedrock', 'amazon', 'amazon-bedrock', 'aws-bedrock', 'aws.bedrock', 'bedrock-converse', 'bedrock-runtime'],
  azure: ['azure-openai', 'azure-ai', 'azure.ai.openai', 'azure.ai.inference', 'az.ai.openai', 'az.ai.inference', 'microsoft'],
  cloudflare: ['workers-ai', 'cloudflare-workers-ai'],
  cohere: ['cohere-chat'],
  deepseek: ['deep-seek', 'deepseek-ai'],
  elevenlabs: ['eleven-labs', '11labs', 'eleven'],
  fireworks: ['fireworks-ai', 'fireworksai'],
  'github-copilot': ['copilot', 'githubcopilot'],
  google: [
    'gemini',
    'google-ai',
    'googleai',
    'google-genai',
    'google-gemini',
    'google-ai-studio',
    'vertex',
    'vertexai',
    'vertex-ai',
    'google-vertex',
    'google-vertexai',
    'google-vertex-ai',
    'gcp.gemini',
    'gcp.gen-ai',
    'gcp.vertex-ai',
    'gcp.vertex.agent',
  ],
  'llama.cpp': ['llamacpp', 'llama-cpp'],
  lmstudio: ['lm-studio'],
  minimax: ['minimaxi'],
  mistral: ['mistralai', 'mistral-ai'],
  moonshotai: ['moonshot', 'kimi', 'moonshot-ai'],
  openai: ['open-ai', 'chatgpt'],
  openrouter: ['open-router'],
  perplexity: ['perplexity-ai', 'perplexityai', 'pplx'],
  together: ['together-ai', 'togetherai'],
  voyageai: ['voyage', 'voyage-ai'],
  'x-ai': ['xai', 'x.ai', 'grok'],
  zai: ['z-ai', 'z.ai'],
  zhipuai: ['zhipu', 'zhipu-ai', 'bigmodel'],
}

const canonical = new Map(Object.entries(aliases).flatMap(([name, others]) => others.map((other) => [other, name] as const)))

/** The provider under whose name cards stand: `gemini` is `google`, `Bedrock` is `aws`; any other name is kept, in lower case. */
export function canonicalProvider(name: string): string {
  const lower = name.trim().toLowerCase()
  return canonical.get(lower) ?? canonical.get(lower.replaceAll('_', '-')) ?? lower
}
